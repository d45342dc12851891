//! A command that is traced from its first instruction.
//!
//! The agent starts itself with the hidden subcommand `launch`, which waits at a gate (a FIFO) and becomes the command
//! when the agent, having selected its process id, opens it. If the agent dies first, so does the waiting process.
use std::{
    env,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::{CWD, FileType, Mode, OFlags, mkdir, mknodat, open},
    io::Errno,
    process::{Pid, Signal, kill_process},
};

/// Name of the hidden subcommand: `launch GATE -- COMMAND…`.
pub const SUBCOMMAND: &str = "launch";

/// A command the agent started.
#[derive(Debug)]
pub struct Launched {
    child: Child,
    gate: Option<Gate>,
}

/// A FIFO in a directory of its own.
#[derive(Debug)]
struct Gate {
    folder: PathBuf,
    /// Open for reading too, so that neither side waits for the other to open it; closing it wakes the reader.
    end: File,
}

impl Launched {
    /// Starts `command` (a program and its arguments), which waits before its first instruction. Its standard streams
    /// are the agent's. Errors when there is no program, or a process or the gate cannot be made.
    pub fn start(command: &[OsString]) -> io::Result<Self> {
        Self::start_with(&env::current_exe()?, command)
    }

    /// As [`Self::start`], with another executable that knows the subcommand.
    pub fn start_with(agent: &Path, command: &[OsString]) -> io::Result<Self> {
        if command.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no command to launch"));
        }
        let gate = Gate::make()?;
        let child = Command::new(agent).arg(SUBCOMMAND).arg(gate.path()).arg("--").args(command).spawn()?;
        Ok(Self { child, gate: Some(gate) })
    }

    /// Its process id, the same before and after the gate.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets the command run. Once is enough. Errors when the gate cannot be written to.
    pub fn release(&mut self) -> io::Result<()> {
        if let Some(gate) = &mut self.gate {
            gate.end.write_all(b"!")?;
        }
        Ok(())
    }

    /// The command's status if it has ended. Errors when the kernel does not say.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            self.gate = None;
        }
        Ok(status)
    }

    /// Asks the command to end (SIGTERM). Nothing happens if it has ended.
    pub fn terminate(&mut self) -> io::Result<()> {
        if self.try_wait()?.is_none() {
            // It was not reaped, so the id still means this child.
            let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
            pid.map_or(Ok(()), |pid| kill_process(pid, Signal::TERM))?;
        }
        Ok(())
    }
}

/// The exit code of a process that stands for another one: the command's own, or 128 + signal, as shells have it.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The subcommand: waits at `gate`, then becomes `command`. Comes back only with an error.
pub fn become_command(gate: &Path, command: &[OsString]) -> io::Error {
    let Some((program, arguments)) = command.split_first() else {
        return io::Error::new(io::ErrorKind::InvalidInput, "no command to launch");
    };
    if let Err(error) = wait_at(gate) {
        return error;
    }
    Command::new(program).args(arguments).exec()
}

/// Comes back when the gate opens. Errors when the agent closes it, or died before this process came here: a
/// blocking open would then wait for ever.
fn wait_at(gate: &Path) -> io::Result<()> {
    let gate = open(gate, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    loop {
        match rustix::io::read(&gate, &mut [0; 1]) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the agent has ended")),
            Ok(_) => return Ok(()),
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(&gate, PollFlags::IN)], None)?;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Gate {
    fn make() -> io::Result<Self> {
        let folder = private_folder()?;
        let made = mknodat(CWD, folder.join("gate"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .map_err(io::Error::from)
            .and_then(|()| OpenOptions::new().read(true).write(true).open(folder.join("gate")));
        match made {
            Ok(end) => Ok(Self { folder, end }),
            Err(error) => {
                let _ = fs::remove_dir_all(&folder); // the error above says more
                Err(error)
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("gate")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder); // at worst an empty FIFO stays behind
    }
}

/// A new directory nobody else can enter.
fn private_folder() -> io::Result<PathBuf> {
    loop {
        let folder = env::temp_dir().join(format!("underspan-{:016x}", fastrand::u64(..)));
        match mkdir(&folder, Mode::RWXU) {
            Ok(()) => return Ok(folder),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Stands in for the agent: does what [`become_command`] does, in shell.
    fn stand_in(folder: &Path) -> PathBuf {
        let path = folder.join("agent");
        let script = "#!/bin/sh\n[ \"$1\" = launch ] || exit 9\nbyte=$(dd bs=1 count=1 2>/dev/null < \"$2\")\n\
                      [ -n \"$byte\" ] || exit 8\nshift 3\nexec \"$@\"\n";
        fs::write(&path, script).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our file");
        path
    }

    fn words(command: &[&str]) -> Vec<OsString> {
        command.iter().map(OsString::from).collect()
    }

    fn wait(launched: &mut Launched) -> ExitStatus {
        launched.child.wait().expect("our child")
    }

    #[test]
    fn runs_only_once_released() {
        let folder = tempfile::tempdir().expect("a directory");
        let sign = folder.path().join("sign");
        let command = words(&["touch", sign.to_str().expect("a plain path")]);
        let mut launched = Launched::start_with(&stand_in(folder.path()), &command).expect("started");
        assert_eq!(launched.try_wait().expect("our child"), None);
        assert!(!sign.exists());
        launched.release().expect("the gate is open");
        assert!(wait(&mut launched).success());
        assert!(sign.exists());
        let gate = launched.gate.as_ref().map(|gate| gate.folder.clone()).expect("not dropped yet");
        drop(launched);
        assert!(!gate.exists());
    }

    #[test]
    fn the_gate_opens_or_closes() {
        let mut gate = Gate::make().expect("a gate");
        let path = gate.path();
        let waiting = std::thread::spawn(move || wait_at(&path));
        gate.end.write_all(b"!").expect("an open gate");
        assert!(waiting.join().expect("no panic").is_ok());

        let path = gate.path();
        let waiting = std::thread::spawn(move || wait_at(&path));
        drop(gate);
        let error = waiting.join().expect("no panic").expect_err("the agent is gone");
        assert!(matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound), "{error}");
    }

    #[test]
    fn terminates() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut launched =
            Launched::start_with(&stand_in(folder.path()), &words(&["sleep", "60"])).expect("started");
        launched.terminate().expect("it waits");
        let status = wait(&mut launched);
        assert_eq!(exit_code(status), 128 + 15);
        launched.terminate().expect("nothing happens");
    }

    #[test]
    fn codes_are_the_commands_own() {
        assert_eq!(exit_code(ExitStatus::from_raw(0)), 0);
        assert_eq!(exit_code(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(exit_code(ExitStatus::from_raw(9)), 137);
    }

    #[test]
    fn the_gate_is_private_and_errors_come_back() {
        let gate = Gate::make().expect("a gate");
        let mode = fs::metadata(&gate.folder).expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(become_command(&gate.path(), &[]).kind(), io::ErrorKind::InvalidInput);
        assert_eq!(become_command(Path::new("/nowhere"), &words(&["true"])).kind(), io::ErrorKind::NotFound);
        (&gate.end).write_all(b"!").expect("an open gate");
        let missing = become_command(&gate.path(), &words(&["/no/such/program"]));
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(Launched::start(&[]).is_err());
    }
}
