//! Packages of a kernel -> what a guest boots: an uncompressed kernel and a small initramfs.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail, ensure};

use super::apt::Apt;
use super::kernels::Kernel;
use super::programs::{command, find, lines, output};

/// Modules a guest needs to see the host's files and write over them.
const MODULES: &[&str] = &["virtio_pci", "virtiofs", "overlay"];
/// The first program of a guest.
const INIT: &str = include_str!("init.sh");

/// A kernel ready to boot.
#[derive(Debug, Clone)]
pub(super) struct Image {
    /// Uncompressed, so that it is entered directly (PVH): under emulation, decompressing takes seconds.
    pub(super) vmlinux: PathBuf,
    pub(super) initramfs: PathBuf,
    /// What `uname -r` says.
    pub(super) release: String,
}

impl Image {
    /// The kernel from the cache, or from Debian's archive if it is not there or `update` asks for the newest.
    pub(super) fn get(kernel: &Kernel, cache: &Path, update: bool) -> anyhow::Result<Self> {
        let folder = cache.join(kernel.to_string());
        if !update && let Ok(release) = fs::read_to_string(folder.join("release")) {
            return Ok(Self::in_folder(&folder, release));
        }
        println!("{kernel}: fetching the kernel");
        fs::create_dir_all(cache)?;
        let work = tempfile::tempdir_in(cache)?;
        let packages = Apt::new(kernel, &cache.join("apt").join(kernel.to_string()))?
            .download(&work.path().join("packages"))?;
        let image = Self::build(&packages, work.path()).with_context(|| format!("kernel {kernel}"))?;
        // The release comes last: a folder without it is not complete.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        for file in ["vmlinux", "initramfs", "release"] {
            fs::rename(work.path().join(file), folder.join(file))?;
        }
        println!("{kernel}: {} is in {}", image.release, folder.display());
        Ok(Self::in_folder(&folder, image.release))
    }

    fn in_folder(folder: &Path, release: String) -> Self {
        Self { vmlinux: folder.join("vmlinux"), initramfs: folder.join("initramfs"), release }
    }

    /// Makes all files of an image in `folder`.
    fn build(packages: &[PathBuf], folder: &Path) -> anyhow::Result<Self> {
        let root = folder.join("root");
        for package in packages {
            output(command("dpkg")?.arg("-x").arg(package).arg(&root))?;
        }
        // Newer packages have it below /usr only.
        if !root.join("lib").exists() {
            std::os::unix::fs::symlink("usr/lib", root.join("lib"))?;
        }
        let modules = root.join("lib/modules");
        let release =
            only(&modules)?.file_name().context("a folder has a name")?.to_string_lossy().into_owned();
        let compressed =
            [root.join(format!("boot/vmlinuz-{release}")), modules.join(&release).join("vmlinuz")];
        let compressed =
            compressed.iter().find(|file| file.exists()).context("the packages hold no vmlinuz")?;
        let image = Self::in_folder(folder, release);
        unpack(&payload(&fs::read(compressed)?)?, &image.vmlinux)?;
        pack(&root, &image.release, &folder.join("ram"), &image.initramfs)?;
        fs::write(folder.join("release"), &image.release)?;
        Ok(image)
    }
}

/// The only entry of a folder.
fn only(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    match (entries.next(), entries.next()) {
        (Some(entry), None) => Ok(entry?.path()),
        _ => bail!("{} should hold one folder", folder.display()),
    }
}

/// The compressed kernel inside a bzImage, as the kernel's Documentation/arch/x86/boot.rst describes it.
fn payload(image: &[u8]) -> anyhow::Result<Vec<u8>> {
    const SETUP_SECTORS: usize = 0x1f1;
    const PAYLOAD_OFFSET: usize = 0x248;
    const PAYLOAD_LENGTH: usize = 0x24c;
    let number = |at: usize| {
        let bytes = image.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| u32::from_le_bytes(bytes) as usize).context("the kernel image is too short")
    };
    ensure!(image.get(0x202..0x206) == Some(b"HdrS"), "not a kernel image");
    let start = (usize::from(image[SETUP_SECTORS]) + 1) * 512 + number(PAYLOAD_OFFSET)?;
    // The last four bytes are the length of the kernel, which is not part of the compressed stream.
    let end = (start + number(PAYLOAD_LENGTH)?).saturating_sub(4);
    Ok(image.get(start..end).context("the kernel image is cut short")?.to_vec())
}

/// Decompresses by the program that its first bytes call for.
fn unpack(payload: &[u8], into: &Path) -> anyhow::Result<()> {
    let program = match payload {
        [0x02, 0x21, 0x4c, 0x18, ..] => "lz4",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "xz",
        [0x1f, 0x8b, ..] => "gzip",
        _ => bail!("the kernel is compressed in a way not known here"),
    };
    let source = into.with_extension("compressed");
    fs::write(&source, payload)?;
    decompress(program, &source, into)?;
    fs::remove_file(source)?;
    Ok(())
}

fn decompress(program: &str, from: &Path, into: &Path) -> anyhow::Result<()> {
    let mut command = command(program)?;
    command.args(["-d", "-c"]).stdin(File::open(from)?).stdout(File::create(into)?).stderr(Stdio::piped());
    let done = command.spawn()?.wait_with_output()?;
    ensure!(
        done.status.success(),
        "{program} cannot decompress {}: {}",
        from.display(),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

/// Writes an initramfs: busybox, [`INIT`], and the modules with those they depend on in the order to be loaded.
fn pack(root: &Path, release: &str, ram: &Path, into: &Path) -> anyhow::Result<()> {
    for folder in ["bin", "modules", "proc", "sys", "dev", "host", "over", "root"] {
        fs::create_dir_all(ram.join(folder))?;
    }
    fs::copy(find("busybox")?, ram.join("bin/busybox"))?;
    fs::write(ram.join("init"), INIT)?;
    fs::set_permissions(ram.join("init"), fs::Permissions::from_mode(0o755))?;
    let mut order = String::new();
    for module in modules(root, release)? {
        let name = module.file_name().context("a module has a name")?.to_string_lossy();
        let name = name.trim_end_matches(".xz").trim_end_matches(".zst");
        let to = ram.join("modules").join(name);
        match module.extension().and_then(|extension| extension.to_str()) {
            Some("xz") => decompress("xz", &module, &to)?,
            Some("zst") => decompress("zstd", &module, &to)?,
            _ => drop(fs::copy(&module, &to)?),
        }
        order += name;
        order += "\n";
    }
    fs::write(ram.join("modules/order"), order)?;
    let mut archive = command("busybox")?;
    archive.args(["sh", "-c", "find . | busybox cpio -o -H newc"]).current_dir(ram);
    fs::write(into, output(&mut archive)?)?;
    Ok(())
}

/// Files of [`MODULES`] and their dependencies in the order to be loaded; what is built in has none.
fn modules(root: &Path, release: &str) -> anyhow::Result<Vec<PathBuf>> {
    output(command("depmod")?.arg("-b").arg(root).arg(release))?;
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for module in MODULES {
        let mut show = command("modprobe")?;
        show.arg("-d").arg(root).args(["-S", release, "--show-depends", module]);
        let shown = lines(&mut show)?;
        for file in shown.lines().filter_map(|line| line.strip_prefix("insmod ")) {
            let file = PathBuf::from(file.trim());
            if seen.insert(file.clone()) {
                files.push(file);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_found() {
        let mut image = vec![0; 4096];
        image[0x1f1] = 3;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x248..0x24c].copy_from_slice(&100_u32.to_le_bytes());
        image[0x24c..0x250].copy_from_slice(&9_u32.to_le_bytes());
        let start = 4 * 512 + 100;
        image[start..start + 9].copy_from_slice(b"kernelLEN");
        assert_eq!(payload(&image).expect("well formed"), b"kerne");
        assert!(payload(&image[..start]).is_err(), "cut short");
        assert!(payload(b"ELF").is_err());
    }
}
