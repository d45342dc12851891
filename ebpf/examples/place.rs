//! Prints where the probes of functions would go, for work on the planner.
//! `cargo run -p underspan-ebpf --example place -- FILE FUNCTION…`.

use std::path::Path;

use underspan_ebpf::elf::Image;
use underspan_ebpf::placement::{Convention, Planner};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let image = Image::open(Path::new(&arguments.next().ok_or("which file?")?))?;
    let planner = Planner::new(&image)?;
    for name in arguments {
        print!("{}", planner.plan(&name, Convention::C { arguments: 3 })?);
    }
    Ok(())
}
