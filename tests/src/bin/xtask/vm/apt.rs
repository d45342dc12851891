//! A kernel series -> its packages, from Debian's archive, without touching the host's own package management.
//!
//! A private configuration, index and cache below the folder of the matrix. Mirror, proxy and keys are the host's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::kernels::{Archive, Kernel};
use super::programs::{command, lines, output};

/// Signs everything in Debian's archive.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Smaller than the generic kernels, with the same features as far as tracing goes.
const FLAVOUR: &str = "-cloud-amd64";

/// apt for one kernel series: its index holds only the suites that series comes from.
#[derive(Debug)]
pub(super) struct Apt<'a> {
    kernel: &'a Kernel,
    /// Absolute path of its folder.
    folder: PathBuf,
}

impl<'a> Apt<'a> {
    /// Writes its configuration below `folder`, an absolute path.
    pub(super) fn new(kernel: &'a Kernel, folder: &Path) -> anyhow::Result<Self> {
        ensure!(Path::new(KEYRING).exists(), "{KEYRING} is missing: package debian-archive-keyring");
        let apt = Self { kernel, folder: folder.to_path_buf() };
        for sub in ["state/lists/partial", "cache/archives/partial", "none"] {
            fs::create_dir_all(apt.folder.join(sub))?;
        }
        fs::write(apt.folder.join("state/status"), "")?;
        fs::write(apt.folder.join("sources.list"), apt.sources()?)?;
        fs::write(apt.folder.join("apt.conf"), apt.configuration())?;
        Ok(apt)
    }

    /// Downloads the packages of the newest kernel of the series into `folder`; their files.
    pub(super) fn download(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let fetch = || format!("cannot fetch the packages of kernel {}", self.kernel);
        output(self.run("apt-get")?.args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]))
            .with_context(fetch)?;
        let packages = self.packages()?;
        fs::create_dir_all(folder)?;
        output(self.run("apt-get")?.args(["-q", "download"]).args(&packages).current_dir(folder))
            .with_context(fetch)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            files.push(entry?.path());
        }
        ensure!(files.len() == packages.len(), "expected files of {packages:?}, found {files:?}");
        Ok(files)
    }

    /// Packages of the newest kernel: the image, and what it is split into since 6.19.
    fn packages(&self) -> anyhow::Result<Vec<String>> {
        let names =
            lines(self.run("apt-cache")?.args(["pkgnames", &format!("linux-image-{}.", self.kernel)]))?;
        let mut newest: Option<Package> = None;
        for name in names.lines().filter(|name| name.ends_with(FLAVOUR)) {
            let package =
                Package::read(&lines(self.run("apt-cache")?.args(["show", "--no-all-versions", name]))?)
                    .with_context(|| format!("apt-cache knows nothing of {name}"))?;
            let newer = match &newest {
                Some(other) => is_newer(&package.version, &other.version)?,
                None => true,
            };
            if newer {
                newest = Some(package);
            }
        }
        let suites: Vec<_> = self.kernel.suites.iter().map(|(_, suite)| *suite).collect();
        let newest = newest.with_context(|| {
            format!("Debian has no kernel {}{FLAVOUR} in {} any more", self.kernel, suites.join(", "))
        })?;
        Ok(newest.pieces())
    }

    /// A command of apt under the private configuration.
    fn run(&self, program: &str) -> anyhow::Result<Command> {
        let mut command = command(program)?;
        command.env("APT_CONFIG", self.folder.join("apt.conf")).env("LC_ALL", "C");
        Ok(command)
    }

    fn sources(&self) -> anyhow::Result<String> {
        let mirrors = Mirrors::of_host()?;
        let line = |(archive, suite): &(Archive, &str)| {
            format!("deb [arch=amd64 signed-by={KEYRING}] {} {suite} main\n", mirrors.uri(*archive))
        };
        Ok(self.kernel.suites.iter().map(line).collect())
    }

    fn configuration(&self) -> String {
        let folder = self.folder.display();
        format!(
            "Dir::Etc::sourcelist \"{folder}/sources.list\";\n\
             Dir::Etc::sourceparts \"{folder}/none\";\n\
             Dir::Etc::preferences \"{folder}/none/preferences\";\n\
             Dir::Etc::preferencesparts \"{folder}/none\";\n\
             Dir::State \"{folder}/state\";\n\
             Dir::State::lists \"{folder}/state/lists\";\n\
             Dir::State::status \"{folder}/state/status\";\n\
             Dir::Cache \"{folder}/cache\";\n\
             APT::Architecture \"amd64\";\n\
             APT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
             Acquire::Retries \"3\";\n"
        )
    }
}

/// Where the host gets Debian's packages from.
#[derive(Debug, PartialEq, Eq)]
struct Mirrors {
    main: String,
    security: String,
}

impl Mirrors {
    fn of_host() -> anyhow::Result<Self> {
        let mut list = command("apt-get")?;
        list.args(["indextargets", "--format", "$(REPO_URI)", "Identifier: Packages"]);
        // A host without any source says so with an error; then Debian's own will do.
        Ok(Self::choose(&lines(&mut list).unwrap_or_default()))
    }

    /// The first of each among the URIs of repositories.
    fn choose(uris: &str) -> Self {
        let choose = |ending: &str, otherwise: &str| {
            let uris = uris.lines().map(|uri| uri.trim_end_matches('/'));
            uris.into_iter().find(|uri| uri.ends_with(ending)).unwrap_or(otherwise).to_owned()
        };
        Self {
            main: choose("/debian", "http://deb.debian.org/debian"),
            security: choose("/debian-security", "http://deb.debian.org/debian-security"),
        }
    }

    fn uri(&self, archive: Archive) -> &str {
        match archive {
            Archive::Main => &self.main,
            Archive::Security => &self.security,
        }
    }
}

/// What the index says of a package.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
    depends: String,
}

impl Package {
    fn read(stanza: &str) -> Option<Self> {
        let field = |name: &str| {
            stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
        };
        Some(Self {
            name: field("Package")?,
            version: field("Version")?,
            depends: field("Depends").unwrap_or_default(),
        })
    }

    /// Packages with the kernel's files: itself, or those of the same release that it consists of.
    fn pieces(self) -> Vec<String> {
        let release = self.name.trim_start_matches("linux-image-");
        let depends =
            self.depends.split(',').filter_map(|alternatives| alternatives.split_whitespace().next());
        let pieces: Vec<_> = depends.filter(|name| name.ends_with(release)).map(str::to_owned).collect();
        // Some whole images depend on a package of that release for scripts; it need not be in the archive any more.
        if pieces.iter().any(|name| name.starts_with("linux-binary-")) { pieces } else { vec![self.name] }
    }
}

/// Whether one Debian version is newer than another.
fn is_newer(one: &str, other: &str) -> anyhow::Result<bool> {
    Ok(command("dpkg")?.args(["--compare-versions", one, "gt", other]).status()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_the_hosts_or_debians_own() {
        let hosts = Mirrors::choose(
            "https://example.com/tools/\nhttp://mirror.example/debian/\nhttp://mirror.example/debian-security/\n",
        );
        assert_eq!(hosts.uri(Archive::Main), "http://mirror.example/debian");
        assert_eq!(hosts.uri(Archive::Security), "http://mirror.example/debian-security");
        assert_eq!(Mirrors::choose("").uri(Archive::Main), "http://deb.debian.org/debian");
    }

    #[test]
    fn images_are_whole_or_in_pieces() {
        let read = |depends: &str| {
            let stanza = format!(
                "Package: linux-image-7.3.4+deb13-cloud-amd64\nVersion: 7.3.4-1\nDepends: {depends}\nSize: 1\n"
            );
            Package::read(&stanza).expect("has what is needed").pieces()
        };
        assert_eq!(read("kmod, initramfs-tools (>= 0.120) | x"), ["linux-image-7.3.4+deb13-cloud-amd64"]);
        assert_eq!(
            read("kmod, linux-base-7.3.4+deb13-cloud-amd64 (= 7.3.4-1)"),
            ["linux-image-7.3.4+deb13-cloud-amd64"]
        );
        assert_eq!(
            read(
                "dracut | y, linux-base-7.3.4+deb13-cloud-amd64 (= 7.3.4-1), linux-binary-7.3.4+deb13-cloud-amd64"
            ),
            ["linux-base-7.3.4+deb13-cloud-amd64", "linux-binary-7.3.4+deb13-cloud-amd64"]
        );
    }
}
