//! Programs of the host that do the work, and the Debian packages they come from.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail, ensure};

/// Program and package.
const NEEDED: &[(&str, &str)] = &[
    ("apt-get", "apt"),
    ("busybox", "busybox-static"),
    ("depmod", "kmod"),
    ("dpkg", "dpkg"),
    ("lz4", "lz4"),
    ("modprobe", "kmod"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("setpriv", "util-linux"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
];

/// Where Debian 12 (`qemu-system-common`) and newer releases (`virtiofsd`) install it.
const VIRTIOFSD: [&str; 2] = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];

/// Fails with the names of all packages that are missing.
pub(super) fn check() -> anyhow::Result<()> {
    ensure!(cfg!(target_arch = "x86_64"), "guests run the host's programs, and only x86_64 ones so far");
    ensure!(rustix::process::geteuid().is_root(), "needs root: guests read the host's files as root");
    let mut packages: Vec<_> =
        NEEDED.iter().filter(|(program, _)| find(program).is_err()).map(|(_, package)| *package).collect();
    packages.dedup();
    if virtiofsd().is_err() {
        packages.push("qemu-system-common (Debian 12) or virtiofsd (newer)");
    }
    ensure!(
        packages.is_empty(),
        "guests need packages that are not installed: {}; `.ci/setup test` installs them",
        packages.join(", ")
    );
    Ok(())
}

/// A command of the host. Administrators' programs are found too where `PATH` leaves them out.
pub(super) fn command(program: &str) -> anyhow::Result<Command> {
    Ok(Command::new(find(program)?))
}

/// The daemon that shares the host's files with a guest.
pub(super) fn virtiofsd() -> anyhow::Result<&'static Path> {
    let found = VIRTIOFSD.iter().map(Path::new).find(|path| path.exists());
    found.context("virtiofsd is not installed: package qemu-system-common (Debian 12) or virtiofsd (newer)")
}

/// Where a program lies.
pub(super) fn find(program: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    found.with_context(|| {
        let package =
            NEEDED.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| package);
        format!("{program} is not installed: package {package}")
    })
}

/// Runs a command to its end; what it wrote to standard output.
pub(super) fn output(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().with_context(|| text(command))?;
    if !status.success() {
        bail!("{} ended with {status}:\n{}", text(command), String::from_utf8_lossy(&stderr).trim_end());
    }
    Ok(stdout)
}

/// The same as text.
pub(super) fn lines(command: &mut Command) -> anyhow::Result<String> {
    Ok(String::from_utf8_lossy(&output(command)?).into_owned())
}

/// A command as one would type it.
fn text(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}
