//! Prints what the verifier had to do for each program (with `PAYLOAD=NAME` for those of that payload probe): instructions followed, of
//! instructions there are, and how long the start and the probes in user space took. For work on the probes; kernels tell since 5.16.
//! `cargo run -p underspan-ebpf --example verifier`

use std::time::Instant;

use aya::programs::loaded_programs;
use underspan_ebpf::elf::Image;
use underspan_ebpf::placement::{Convention, Planner};
use underspan_ebpf::probes::REGISTRY;
use underspan_ebpf::uprobes::{Point, Scope, When};
use underspan_ebpf::{Settings, Tracer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let others: Vec<_> = loaded_programs().filter_map(Result::ok).map(|program| program.id()).collect();
    let begin = Instant::now();
    let mut tracer = Tracer::start(&Settings {
        ring_bytes: 8 << 20,
        max_targets: 1024,
        payload: std::env::var("PAYLOAD").into_iter().collect(),
        ..Settings::default()
    })?;
    let took = begin.elapsed();
    // A probe on a function that is called no more.
    let image = Image::of_process(std::process::id())?;
    let offset = Planner::new(&image)?.plan("main", Convention::C { arguments: 0 })?.entry.offset;
    let mut uprobes = tracer.take_uprobes().ok_or("no probes in user space")?;
    let programs = REGISTRY.iter().flat_map(|probe| probe.programs);
    for program in programs.filter(|program| program.hook().starts_with("uprobe")) {
        let begin = Instant::now();
        let point = Point {
            program: program.name,
            offset,
            when: When::Before,
            semaphore: None,
            cookie: 0,
            at_entry: false,
        };
        uprobes.attach(&image, &[point], Scope::Process(std::process::id()))?;
        println!("{:24} attached in {:.1?}", program.name, begin.elapsed());
    }
    let mut sum = 0;
    for program in loaded_programs().filter_map(Result::ok) {
        let name = program.name_as_str().unwrap_or_default();
        if others.contains(&program.id()) || !name.starts_with("us_") {
            continue;
        }
        let followed = program.verified_instruction_count().unwrap_or_default();
        sum += followed;
        println!("{name:16} {followed:8} of {:6}", program.size_translated().unwrap_or_default() / 8);
    }
    println!("{sum:25} in all, started in {took:.1?}");
    Ok(())
}
