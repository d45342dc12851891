//! Who the host is.
use std::{fs, path::Path};

use underspan_protocols::{
    message::{Attributes, Value},
    semconv::attribute,
};

use super::{ProcFs, names::printable, proc};

/// Identity of the host; read once.
#[derive(Debug, Clone)]
pub struct Host {
    /// `host.*` and `os.*`, part of every resource.
    pub(super) attributes: Attributes,
    /// Seconds since the Unix epoch at boot; 0 when unknown.
    pub(super) boot_time: u64,
    /// Tells one boot of one host from all others.
    pub(super) boot: String,
}

impl Host {
    /// Reads below `root` (`/` outside tests) and `proc`. What cannot be read is left out.
    pub fn read(root: &Path, proc: &ProcFs) -> Self {
        let text = |path: &str| {
            let text = fs::read_to_string(root.join(path)).ok()?;
            Some(printable(text.trim(), 256)).filter(|text| !text.is_empty())
        };
        let id = text("etc/machine-id").or_else(|| text("var/lib/dbus/machine-id"));
        let boot = proc::read(&proc.root().join("sys/kernel/random/boot_id"), 64).unwrap_or_default();
        let boot = String::from_utf8_lossy(&boot).trim().to_owned();
        let boot_time = proc.boot_time().unwrap_or_default();
        let kernel = rustix::system::uname();
        let release = fs::read_to_string(root.join("etc/os-release"))
            .or_else(|_| fs::read_to_string(root.join("usr/lib/os-release")))
            .unwrap_or_default();

        let found = [
            (attribute::HOST_NAME, Some(kernel.nodename().to_string_lossy().into_owned())),
            (attribute::HOST_ID, id.clone()),
            (attribute::HOST_ARCH, Some(architecture(&kernel.machine().to_string_lossy()).to_owned())),
            (attribute::OS_TYPE, Some("linux".to_owned())),
            (attribute::OS_NAME, release_field(&release, "NAME")),
            (attribute::OS_VERSION, release_field(&release, "VERSION_ID")),
        ];
        let attributes =
            found.into_iter().filter_map(|(name, value)| Some((name, Value::String(value?)))).collect();
        let boot = format!(
            "{}/{}",
            id.unwrap_or_default(),
            if boot.is_empty() { boot_time.to_string() } else { boot }
        );
        Self { attributes, boot_time, boot }
    }
}

/// The conventions' word for what `uname -m` says.
fn architecture(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i486" | "i586" | "i686" => "x86",
        "ppc64le" => "ppc64",
        other if other.starts_with("armv") => "arm32",
        other => other,
    }
}

fn release_field(release: &str, name: &str) -> Option<String> {
    let value = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(printable(value.trim_matches(['"', '\'']), 256)).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_there_is() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("etc")).expect("a directory");
        fs::create_dir_all(root.path().join("var/lib/dbus")).expect("a directory");
        fs::write(root.path().join("var/lib/dbus/machine-id"), "abc\n").expect("a file");
        fs::write(
            root.path().join("etc/os-release"),
            "PRETTY_NAME=x\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=12\n",
        )
        .expect("a file");
        let host = Host::read(root.path(), &ProcFs::at(root.path()));
        let value = |wanted: &str| {
            host.attributes.iter().find(|(name, _)| name.name == wanted).map(|(_, value)| value)
        };
        assert_eq!(value("host.id"), Some(&Value::String("abc".to_owned())));
        assert_eq!(value("os.name"), Some(&Value::String("Debian GNU/Linux".to_owned())));
        assert_eq!(value("os.version"), Some(&Value::String("12".to_owned())));
        assert_eq!(value("os.type"), Some(&Value::String("linux".to_owned())));
        assert!(value("host.name").is_some());
        assert_eq!(host.boot, "abc/0");
    }

    #[test]
    fn machines_have_the_conventions_names() {
        assert_eq!(architecture("x86_64"), "amd64");
        assert_eq!(architecture("aarch64"), "arm64");
        assert_eq!(architecture("riscv64"), "riscv64");
    }
}
