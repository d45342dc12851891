//! Probes in user space, on a program that knows how often its functions were called and with what.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use underspan_ebpf::elf::{Image, executable_mappings};
use underspan_ebpf::placement::{Convention, Planner};
use underspan_ebpf::probes::canary::{ENTRY, RETURN, USDT};
use underspan_ebpf::uprobes::{
    Kind, Links, Point, Scope, Sharing, UprobeError, UprobeLink, Uprobes, When, release,
};
use underspan_ebpf::{Settings, Tally, Tracer, usdt};
use underspan_tests::agent::binary;
use underspan_tests::workload::Specimen;

use crate::stage::enter;

const CALLS: u64 = 500;

/// The programs, and where they tally.
struct Bench {
    tracer: Tracer,
    uprobes: Uprobes,
    folder: TempDir,
    program: PathBuf,
}

impl Bench {
    fn new(uprobes_by_event: bool) -> Self {
        let mut tracer = Tracer::start(&Settings {
            deadline: Duration::from_mins(10),
            uprobes_by_event,
            ..Settings::default()
        })
        .unwrap();
        let uprobes = tracer.take_uprobes().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let program = Specimen::compile(folder.path());
        Self { tracer, uprobes, folder, program }
    }

    fn specimen(&self) -> Specimen {
        Specimen::start(&mut Command::new(&self.program))
    }

    /// Attaches to calls and returns of a function, tallied as 0 and 1.
    fn attach_function(&mut self, image: &Image, name: &str, scope: Scope) -> UprobeLink {
        let plan = Planner::new(image).unwrap().plan(name, Convention::C { arguments: 3 }).unwrap();
        println!("{plan}");
        let [mut entry, mut exit] = plan.points(ENTRY, RETURN, 0);
        (entry.cookie, exit.cookie) = (0, 1);
        self.uprobes.attach(image, &[entry, exit], scope).unwrap()
    }

    /// What was tallied since the last look.
    fn take(&mut self, number: u32) -> Tally {
        let tally = self.tracer.tally(number);
        self.tracer.clear_tally(number).unwrap();
        tally
    }

    /// Fails unless calls and returns are those of `specimen_plain` or `_guarded` in `calls` calls.
    fn check(&mut self, calls: u64, result: i64) {
        let (entry, exit) = (self.take(0), self.take(1));
        assert_eq!((entry.hits, exit.hits), (calls, calls));
        // 0 + 1 + 2 + ...
        let sum = calls * (calls - 1) / 2;
        assert_eq!(entry.sums[..3], [sum, 2 * sum, 3 * calls]);
        assert_eq!(exit.sums[0].cast_signed(), result);
    }
}

fn both_ways(name: &str, test: impl Fn(Bench)) {
    let Some(_turn) = enter(name) else { return };
    for by_event in [false, true] {
        let bench = Bench::new(by_event);
        println!("{}", bench.uprobes.way());
        test(bench);
    }
}

#[test]
fn arguments_results_and_counts_of_functions() {
    both_ways("uprobes::arguments_results_and_counts_of_functions", |mut bench| {
        let (mut specimen, mut other) = (bench.specimen(), bench.specimen());
        let image = Image::of_process(specimen.pid()).unwrap();
        for (function, order) in [("specimen_plain", "plain"), ("specimen_guarded", "guarded")] {
            let planner = Planner::new(&image).unwrap();
            let place = planner.function(function).unwrap();
            let before = memory(&specimen, &image, place.address, place.size);
            let link = bench.attach_function(&image, function, Scope::Process(specimen.pid()));
            assert_ne!(memory(&specimen, &image, place.address, place.size), before);
            let result = specimen.order(&format!("{order} {CALLS}"));
            bench.check(CALLS, result);

            // Nobody else was meant.
            other.order(&format!("{order} {CALLS}"));
            assert_eq!((bench.take(0).hits, bench.take(1).hits), (0, 0));

            // Nothing is left behind.
            drop(link);
            assert_eq!(specimen.order(&format!("{order} {CALLS}")), result);
            assert_eq!((bench.take(0).hits, bench.take(1).hits), (0, 0));
            assert_eq!(memory(&specimen, &image, place.address, place.size), before);
        }
    });
}

/// The bytes of a function in the memory of a specimen.
fn memory(specimen: &Specimen, image: &Image, address: u64, size: u64) -> Vec<u8> {
    let offset = image.offset_of(address).unwrap();
    let maps = executable_mappings(specimen.pid()).unwrap();
    let mapping = maps.iter().find(|mapping| mapping.inode == image.id().inode).unwrap();
    let mut bytes = vec![0; usize::try_from(size).unwrap()];
    let file = File::open(format!("/proc/{}/mem", specimen.pid())).unwrap();
    file.read_exact_at(&mut bytes, mapping.start + (offset - mapping.offset)).unwrap();
    bytes
}

#[test]
fn usdt_probes_with_every_argument() {
    both_ways("uprobes::usdt_probes_with_every_argument", |mut bench| {
        let mut specimen = bench.specimen();
        let image = Image::of_process(specimen.pid()).unwrap();
        let probes = usdt::probes(&image).unwrap();
        let names: Vec<_> = probes.iter().map(|probe| (&*probe.name, probe.sites.len())).collect();
        assert_eq!(names, [("plain", 1), ("counted", 1), ("twice", 2)]);
        let links: Vec<_> = (0..)
            .zip(&probes)
            .map(|(tag, probe)| {
                bench.uprobes.attach_usdt(&image, probe, USDT, tag, Scope::Process(specimen.pid())).unwrap()
            })
            .collect();
        assert_eq!(specimen.order("semaphore"), 1);
        specimen.order(&format!("probes {CALLS}"));

        let (plain, counted, twice) = (bench.take(0), bench.take(1), bench.take(2));
        let sum = CALLS * (CALLS - 1) / 2;
        assert_eq!((plain.hits, counted.hits, twice.hits), (CALLS, CALLS, CALLS));
        assert_eq!(plain.sums[..4], [sum.wrapping_neg(), sum, 5 * CALLS, 0]);
        assert_eq!(counted.sums[..3], [sum + 2 * CALLS, 7 * CALLS, 0]);
        assert_eq!(twice.sums[..2], [sum, 0]);

        drop(links);
        assert_eq!(specimen.order("semaphore"), 0);
        specimen.order(&format!("probes {CALLS}"));
        assert_eq!((0..3).map(|tag| bench.take(tag).hits).sum::<u64>(), 0);
    });
}

#[test]
fn programs_that_are_not_where_they_were() {
    both_ways("uprobes::programs_that_are_not_where_they_were", |mut bench| {
        // Deleted, and another put in its place.
        let mut specimen = bench.specimen();
        let moved = bench.folder.path().join("moved");
        fs::copy(&bench.program, &moved).unwrap();
        fs::rename(&moved, &bench.program).unwrap();
        let image = Image::of_process(specimen.pid()).unwrap();
        assert_ne!(image.id(), Image::open(&bench.program).unwrap().id());
        let link = bench.attach_function(&image, "specimen_plain", Scope::Process(specimen.pid()));
        let result = specimen.order(&format!("plain {CALLS}"));
        bench.check(CALLS, result);
        drop(link);

        // In a mount namespace where nobody else sees it.
        let script = format!(
            "mount -t tmpfs none /mnt && cp {} /mnt/hidden && exec /mnt/hidden",
            bench.program.display()
        );
        let mut hidden = Specimen::start(Command::new("unshare").args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            &script,
        ]));
        let result = hidden.order("plain 1");
        assert_eq!(result, 0);
        assert!(!Path::new("/mnt/hidden").exists());
        let mappings = executable_mappings(hidden.pid()).unwrap();
        let mapping = mappings.iter().find(|mapping| mapping.path == Path::new("/mnt/hidden")).unwrap();
        let image = Image::of_mapping(hidden.pid(), mapping).unwrap();
        assert_eq!(image.id(), Image::of_process(hidden.pid()).unwrap().id());
        let _link = bench.attach_function(&image, "specimen_guarded", Scope::Process(hidden.pid()));
        let result = hidden.order(&format!("guarded {CALLS}"));
        bench.check(CALLS, result);
    });
}

#[test]
fn a_library_loaded_later() {
    both_ways("uprobes::a_library_loaded_later", |mut bench| {
        let library = bench.folder.path().join("libspecimen.so");
        Specimen::compile_library(&library);
        let mut specimen = bench.specimen();
        let seen = |specimen: &Specimen| {
            executable_mappings(specimen.pid()).unwrap().into_iter().find(|mapping| mapping.path == library)
        };
        assert_eq!(seen(&specimen), None);
        assert_eq!(specimen.order(&format!("load {}", library.display())), 0);
        let image = Image::of_mapping(specimen.pid(), &seen(&specimen).unwrap()).unwrap();
        assert_eq!(image.id(), Image::open(&library).unwrap().id());
        let _link = bench.attach_function(&image, "specimen_guarded", Scope::Process(specimen.pid()));
        let result = specimen.order(&format!("library {CALLS}"));
        bench.check(CALLS, result);
    });
}

#[test]
fn children_without_a_program_of_their_own() {
    both_ways("uprobes::children_without_a_program_of_their_own", |mut bench| {
        let mut specimen = bench.specimen();
        let image = Image::of_process(specimen.pid()).unwrap();
        for (scope, expected) in [(Scope::Process(specimen.pid()), 0), (Scope::Everyone, CALLS)] {
            let link = bench.attach_function(&image, "specimen_plain", scope);
            assert_eq!(specimen.order(&format!("fork {CALLS}")), 0);
            assert_eq!((bench.take(0).hits, bench.take(1).hits), (expected, expected));
            drop(link);
        }
    });
}

#[test]
fn links_are_shared_and_released() {
    both_ways("uprobes::links_are_shared_and_released", |mut bench| {
        let mut specimens = [bench.specimen(), bench.specimen(), bench.specimen()];
        let mut links = Links::default();
        for (at, specimen) in specimens.iter().enumerate() {
            let image = Image::of_process(specimen.pid()).unwrap();
            let attached = links
                .hold(image.id(), "test", specimen.pid(), Sharing::Shared, |scope| {
                    Ok::<_, UprobeError>(bench.attach_function(&image, "specimen_plain", scope))
                })
                .unwrap();
            assert_eq!(attached, at == 0);
        }
        assert_eq!((links.len(), links.points()), (1, 2));
        for specimen in &mut specimens {
            let result = specimen.order(&format!("plain {CALLS}"));
            bench.check(CALLS, result);
        }
        assert!(links.give_up(specimens[0].pid()).is_empty());
        let result = specimens[0].order(&format!("plain {CALLS}"));
        bench.check(CALLS, result);
        assert_eq!(links.close(Duration::from_mins(1)), 0);
        specimens[1].order(&format!("plain {CALLS}"));
        assert_eq!(bench.take(0).hits, 0);
    });
}

#[test]
fn one_bad_place_does_not_cost_the_others() {
    both_ways("uprobes::one_bad_place_does_not_cost_the_others", |mut bench| {
        let mut specimen = bench.specimen();
        let image = Image::of_process(specimen.pid()).unwrap();
        let function = Planner::new(&image).unwrap().function("specimen_plain").unwrap();
        let offset = image.offset_of(function.address).unwrap();
        let good =
            Point { program: ENTRY, offset, when: When::Before, semaphore: None, cookie: 0, at_entry: true };
        // Far behind the end of the file.
        let bad = Point { offset: 1 << 40, ..good };
        let scope = Scope::Process(specimen.pid());
        let link = bench.uprobes.attach(&image, &[bad, good], scope).unwrap();
        assert_eq!(link.points(), 1);
        assert!(matches!(link.refused(), [UprobeError::Place { .. }]), "{:?}", link.refused());
        specimen.order(&format!("plain {CALLS}"));
        assert_eq!(bench.take(0).hits, CALLS);
        assert!(matches!(bench.uprobes.attach(&image, &[bad], scope), Err(UprobeError::Place { .. })));
        let unknown = Point { program: "us_nothing", ..good };
        assert!(matches!(bench.uprobes.attach(&image, &[unknown], scope), Err(UprobeError::NoProgram(_))));
        assert_eq!(release(vec![link], Duration::from_mins(1)), 0);
    });
}

#[test]
fn kinds_that_failed_are_refused() {
    let Some(_turn) = enter("uprobes::kinds_that_failed_are_refused") else { return };
    let mut bench = Bench::new(false);
    let mut specimen = bench.specimen();
    let image = Image::of_process(specimen.pid()).unwrap();
    let plan =
        Planner::new(&image).unwrap().plan("specimen_guarded", Convention::C { arguments: 3 }).unwrap();
    let [entry, _] = plan.points(ENTRY, RETURN, 0);
    let at_return = Point { when: When::Return, program: RETURN, cookie: 1, ..entry };
    let scope = Scope::Process(specimen.pid());
    bench.uprobes.refuse(Kind::Return, "a canary died");
    let refused = bench.uprobes.attach(&image, &[at_return], scope).unwrap_err();
    assert!(matches!(refused, UprobeError::Off { kind: Kind::Return, .. }), "{refused}");
    assert_eq!(refused.to_string(), "probes of this kind are off (uretprobe): a canary died");
    // What is not of the kind goes on.
    let link = bench.uprobes.attach(&image, &[entry, at_return], scope).unwrap();
    assert_eq!((link.points(), link.refused().len()), (1, 1));
    specimen.order(&format!("guarded {CALLS}"));
    assert_eq!((bench.take(0).hits, bench.take(1).hits), (CALLS, 0));
}

#[test]
fn canaries_find_out_what_works() {
    let Some(_turn) = enter("uprobes::canaries_find_out_what_works") else { return };
    let check = Command::new(binary()).arg("check").output().unwrap();
    let check = String::from_utf8_lossy(&check.stdout);
    for name in ["sockets", "uprobe-emulated", "uprobe-stepped", "uretprobe", "usdt-semaphore"] {
        let line = check.lines().find(|line| line.starts_with(&format!("canary      {name}"))).unwrap();
        assert!(line.split_whitespace().nth(2) == Some("ok"), "{line}");
    }
    // Broken on some kernels, and then said to be, with the right reason.
    if let Some(line) = check.lines().find(|line| line.contains("uprobe-nop5")) {
        assert!(line.contains(" ok ") || line.contains("overwritten"), "{line}");
    }
}

#[test]
fn what_a_program_offers_is_listed() {
    let Some(_turn) = enter("uprobes::what_a_program_offers_is_listed") else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = Specimen::compile(folder.path());
    let program = program.to_str().unwrap();
    let list = |arguments: &[&str]| {
        let output = Command::new(binary()).arg("list").args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code().unwrap(), text + &String::from_utf8_lossy(&output.stderr))
    };
    let (code, text) = list(&["--usdt", program]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("specimen:twice") && text.contains("semaphore"), "{text}");
    let (code, text) = list(&["--explain", program, "specimen_guarded"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("entry") && text.contains("return"), "{text}");
    for (arguments, expected, says) in [
        (vec!["--explain", program, "nothing"], 1, "no function nothing"),
        (vec!["--explain", "/none", "x"], 1, "/none"),
        (vec!["--usdt", "/etc/passwd"], 1, "not a usable ELF file"),
        (vec!["--explain", program], 2, "2 values required"),
        (vec!["--usdt", program, "--pid", "1"], 2, "cannot be used"),
    ] {
        let (code, text) = list(&arguments);
        assert_eq!((code, text.contains(says)), (expected, true), "{text}");
    }
}
