//! What probes in user space cost: placed ones against the usual pair at the function's first instruction, on OpenSSL's calls. Prints ratios
//! of one run; rounds of each kind take turns, since a machine changes from minute to minute. Root.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use underspan_ebpf::elf::{Image, executable_mappings};
use underspan_ebpf::placement::{Convention, Planner};
use underspan_ebpf::probes::canary::{ENTRY, RETURN};
use underspan_ebpf::uprobes::{Point, Scope, UprobeLink, Uprobes, When};
use underspan_ebpf::{Settings, Tracer};
use underspan_tests::workload::Specimen;

const CALLS: u64 = 2000;
const ROUNDS: usize = 15;

/// Where Debian, Fedora and others keep it.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/libssl.so.3",
    "/usr/lib/aarch64-linux-gnu/libssl.so.3",
    "/usr/lib64/libssl.so.3",
    "/usr/lib/libssl.so.3",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // A private copy: nobody else maps its inode.
    let library = folder.path().join("libssl.so.3");
    let original =
        LIBRARIES.iter().find(|path| Path::new(path).exists()).ok_or("libssl.so.3 is not installed")?;
    fs::copy(original, &library)?;
    let mut tracer = Tracer::start(&Settings { deadline: Duration::from_hours(1), ..Settings::default() })?;
    let mut uprobes = tracer.take_uprobes().ok_or("the programs are there once")?;
    let mut specimen = Specimen::start(&mut std::process::Command::new(Specimen::compile(folder.path())));
    specimen.order(&format!("load {}", library.display()));
    let mappings = executable_mappings(specimen.pid())?;
    let mapping =
        mappings.iter().find(|mapping| mapping.path == library).ok_or("the library is not mapped")?;
    let image = Image::of_mapping(specimen.pid(), mapping)?;
    let planner = Planner::new(&image)?;
    println!("{CALLS} calls a round, {ROUNDS} rounds, medians, ns a call");
    for function in ["SSL_read", "SSL_write"] {
        let plan = planner.plan(function, Convention::C { arguments: 3 })?;
        println!("\n{plan}");
        let placed = plan.points(ENTRY, RETURN, 0);
        let offset = image.offset_of(plan.function.address).ok_or("a function in the file")?;
        let first =
            Point { program: ENTRY, offset, when: When::Before, semaphore: None, cookie: 0, at_entry: true };
        let usual = [first, Point { program: RETURN, when: When::Return, ..first }];
        let mut times: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            for (points, times) in [None, Some(&usual), Some(&placed)].into_iter().zip(&mut times) {
                times.push(round(&mut uprobes, &image, &mut specimen, function, points)?);
            }
        }
        let [without, usual, placed] = times.map(median);
        println!("  without         {without:9.0}");
        println!("  usual pair      {usual:9.0}   +{:.0}", usual - without);
        println!("  placed pair     {placed:9.0}   +{:.0}", placed - without);
        println!("  placed probes cost {:.1} times less", (usual - without) / (placed - without));
    }
    Ok(())
}

fn round(
    uprobes: &mut Uprobes,
    image: &Image,
    specimen: &mut Specimen,
    function: &str,
    points: Option<&[Point; 2]>,
) -> Result<f64, Box<dyn Error>> {
    let _link: Option<UprobeLink> =
        points.map(|points| uprobes.attach(image, points, Scope::Process(specimen.pid()))).transpose()?;
    let nanoseconds = specimen.order(&format!("{function} {CALLS}"));
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    Ok(nanoseconds as f64 / CALLS as f64)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
