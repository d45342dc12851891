//! What a process holds in the kernel: its BPF programs, maps and links, by id.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

/// Ids of BPF objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects {
    /// Programs.
    pub programs: BTreeSet<u64>,
    /// Maps, those that only programs hold included.
    pub maps: BTreeSet<u64>,
    /// Links.
    pub links: BTreeSet<u64>,
    /// Bytes the kernel charges for the maps.
    pub map_memory: u64,
}

impl Objects {
    /// What a process has file descriptors of, and the maps its programs use.
    pub fn of(pid: u32) -> Self {
        let mut found = Self::default();
        for entry in fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten() {
            let info = fs::read_to_string(entry.path()).unwrap_or_default();
            let field = |name: &str| {
                info.lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t")?.parse::<u64>().ok())
            };
            // A link's file names its program too.
            if let Some(link) = field("link_id") {
                found.links.insert(link);
            }
            found.programs.extend(field("prog_id"));
            found.maps.extend(field("map_id"));
        }
        for program in list("prog") {
            if found.programs.contains(&id(&program)) {
                found
                    .maps
                    .extend(program["map_ids"].as_array().into_iter().flatten().filter_map(Value::as_u64));
            }
        }
        let maps = list("map");
        let own = maps.iter().filter(|map| found.maps.contains(&id(map)));
        found.map_memory = own.filter_map(|map| map["bytes_memlock"].as_u64()).sum();
        found
    }

    /// Those of them that still exist.
    #[must_use]
    pub fn left(&self) -> Self {
        let still = |kind: &str, before: &BTreeSet<u64>| {
            list(kind).iter().map(id).filter(|id| before.contains(id)).collect()
        };
        Self {
            programs: still("prog", &self.programs),
            maps: still("map", &self.maps),
            links: still("link", &self.links),
            map_memory: 0,
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.maps.is_empty() && self.links.is_empty()
    }
}

/// All programs, maps or links of the kernel.
fn list(kind: &str) -> Vec<Value> {
    let output = Command::new("bpftool").args(["-j", kind, "show"]).output().expect("bpftool is installed");
    match serde_json::from_slice(&output.stdout) {
        Ok(Value::Array(list)) => list,
        // Objects that vanish while bpftool reads the list make it answer with an error: ask again.
        Ok(Value::Object(error)) if error.contains_key("error") => list_again(kind),
        other => panic!("bpftool {kind}: {other:?} {}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn list_again(kind: &str) -> Vec<Value> {
    std::thread::sleep(std::time::Duration::from_millis(10));
    list(kind)
}

fn id(object: &Value) -> u64 {
    object["id"].as_u64().expect("every BPF object has an id")
}
