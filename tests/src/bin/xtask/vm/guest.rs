//! An image and a script -> a running guest: QEMU without KVM, sharing the host's files read-only.
//!
//! The guest has two serial lines: the kernel's console, kept in a file, and the script's terminal.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use super::image::Image;
use super::programs::{command, find, virtiofsd};

/// Memory in MiB; half of it can become files.
const MEMORY: u32 = 3072;
/// Emulation, both CPUs on one thread of the host: with a thread each, one CPU may still run the breakpoint that another has just
/// replaced while it patched code, as attaching does, and the kernel panics over it.
const ACCELERATION: &str = "tcg,thread=single";
/// What the kernel says on its console when something is wrong with it.
const COMPLAINTS: &[&str] = &[
    "BUG: ",
    "Kernel panic",
    "Oops",
    "WARNING: ",
    "general protection fault",
    "INFO: task ",
    "soft lockup",
    "init: ",
];

/// A running guest; ends when dropped.
#[derive(Debug)]
pub(super) struct Guest {
    qemu: Owned,
    _files: Owned,
    folder: TempDir,
}

impl Guest {
    /// Boots `image`. `script` is run by a shell as the guest's first program; its terminal is QEMU's standard input and output.
    pub(super) fn boot(image: &Image, script: &str, input: Stdio, terminal: Stdio) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_str().context("the temporary folder's name is text")?;
        ensure!(!path.contains([' ', ',']), "the temporary folder's name has blanks or commas: {path}");
        fs::write(folder.path().join("script"), script)?;
        let files = share(folder.path())?;
        let memory = format!("memory-backend-memfd,id=memory,size={MEMORY}M,share=on");
        let socket = format!("socket,id=files,path={path}/socket");
        // Warnings and worse reach the console; nothing else, since each byte costs. Whether the timer ticks is not asked: under emulation
        // it may come too late for the kernel, which then panics.
        let line = format!(
            "console=ttyS0 loglevel=5 no_timer_check panic=-1 random.trust_cpu=1 mitigations=off guest.script={path}/script"
        );
        let console = format!("file:{path}/console");
        let mut qemu = bound(&find("qemu-system-x86_64")?)?;
        qemu.args(["-machine", "q35", "-cpu", "max", "-accel", ACCELERATION, "-smp", "2"])
            .args(["-m", &MEMORY.to_string(), "-object", &memory, "-numa", "node,memdev=memory"])
            .args(["-chardev", &socket, "-device", "vhost-user-fs-pci,chardev=files,tag=host"])
            .args(["-display", "none", "-nodefaults", "-no-reboot"])
            .arg("-kernel")
            .arg(&image.vmlinux)
            .arg("-initrd")
            .arg(&image.initramfs)
            .args(["-append", &line, "-serial", &console])
            .args(["-chardev", "stdio,id=terminal,signal=off", "-serial", "chardev:terminal"])
            .stdin(input)
            .stdout(terminal)
            .stderr(File::create(folder.path().join("qemu"))?);
        Ok(Self { qemu: Owned::spawn(&mut qemu)?, _files: files, folder })
    }

    /// Lines of the script's terminal, for a guest whose terminal is [`Stdio::piped`]. The channel closes when the guest ends.
    pub(super) fn lines(&mut self) -> Receiver<String> {
        let (sender, receiver) = channel();
        if let Some(terminal) = self.qemu.0.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(terminal).split(b'\n').map_while(Result::ok) {
                    if sender.send(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()).is_err()
                    {
                        return;
                    }
                }
            });
        }
        receiver
    }

    /// Waits until it has switched itself off.
    pub(super) fn wait(&mut self) -> anyhow::Result<()> {
        let status = self.qemu.0.wait()?;
        let message = fs::read_to_string(self.folder.path().join("qemu")).unwrap_or_default();
        ensure!(status.success(), "qemu ended with {status}: {}", message.trim_end());
        Ok(())
    }

    /// What the kernel and [`super::image`]'s first program said.
    pub(super) fn console(&self) -> String {
        let bytes = fs::read(self.folder.path().join("console")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Those lines of the console that say something is wrong.
    pub(super) fn complaints(&self) -> Vec<String> {
        complaints(&self.console())
    }
}

fn complaints(console: &str) -> Vec<String> {
    let wrong = |line: &&str| COMPLAINTS.iter().any(|word| line.contains(word));
    console.lines().filter(wrong).map(|line| line.trim_end().to_owned()).collect()
}

/// Shares the host's / over a socket in `folder`.
fn share(folder: &Path) -> anyhow::Result<Owned> {
    let socket = folder.join("socket");
    let log = folder.join("files");
    let mut daemon = bound(virtiofsd()?)?;
    daemon
        .arg(format!("--socket-path={}", socket.display()))
        .args(["-o", "source=/", "-o", "sandbox=chroot", "-o", "cache=always"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?);
    let mut daemon = Owned::spawn(&mut daemon)?;
    while !socket.exists() {
        if let Some(status) = daemon.0.try_wait()? {
            bail!("virtiofsd ended with {status}: {}", fs::read_to_string(&log)?.trim_end());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(daemon)
}

/// A command whose process does not outlive ours, however we end.
fn bound(program: &Path) -> anyhow::Result<Command> {
    let mut command = command("setpriv")?;
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    Ok(command)
}

/// A child that does not outlive its owner.
#[derive(Debug)]
struct Owned(Child);

impl Owned {
    fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        let child =
            command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self(child))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Both fail once it has ended, which is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_that_complain_are_heard() {
        let console = "[    1.0] WARNING: CPU: 0 PID: 1 at kernel/x.c:1\r\n[    2.0] all is well\r\n";
        assert_eq!(complaints(console), ["[    1.0] WARNING: CPU: 0 PID: 1 at kernel/x.c:1"]);
    }
}
