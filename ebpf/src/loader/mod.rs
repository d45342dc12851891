//! The object -> maps and programs in the kernel.
//!
//! `aya-obj` parses and relocates; creating, loading and linking are done here, since `aya`'s own loader can neither skip what a kernel
//! lacks nor attach all the kinds of probe the agent uses.

mod callbacks;
mod kernel_calls;
mod kprobe;
mod link;
mod preemption;
mod program;
mod sys;
mod template;

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use aya::maps::{MapData, MapError};
use aya_obj::btf::{Btf, BtfError, BtfFeatures, BtfKind, BtfRelocationError};
use aya_obj::generated::bpf_map_type;
use aya_obj::relocation::EbpfRelocationError;
use aya_obj::{EbpfSectionKind, Object, ParseError};

pub use link::Runs;
pub(crate) use link::uprobe::{self, Way};
pub(crate) use link::{Iterator, Link};
pub(crate) use preemption::Preemption;
pub(crate) use program::{Attach, Functions, Over, ProgramError};
use sys::Visit;
pub(crate) use sys::enable_statistics;
pub(crate) use template::Template;

/// What the kernel counted of a program; zero where it does not.
pub(crate) fn program_runs(program: BorrowedFd<'_>) -> Runs {
    sys::program_runs(program).unwrap_or_default()
}

/// Why nothing could be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The kernel was built without BTF, or it is not readable.
    #[error(
        "the kernel's type information (BTF) cannot be read: {0}; a kernel with CONFIG_DEBUG_INFO_BTF is needed"
    )]
    KernelBtf(#[source] BtfError),
    /// The embedded object is damaged.
    #[error("the embedded BPF object is unusable: {0}")]
    Object(#[from] ParseError),
    /// Its own type information is.
    #[error("the type information of the embedded BPF object is unusable: {0}")]
    ObjectBtf(#[source] BtfError),
    /// A kernel type or field the programs need is missing.
    #[error("the programs do not fit this kernel: {0}")]
    Fields(#[from] BtfRelocationError),
    /// References between the parts of the object do not resolve.
    #[error("the embedded BPF object does not link: {0}")]
    Link(#[from] EbpfRelocationError),
    /// The process lacks a capability.
    #[error("{capability} is missing ({what}: operation not permitted)")]
    Privilege {
        /// Name of the capability, for example `CAP_BPF`.
        capability: &'static str,
        /// What was tried.
        what: String,
    },
    /// A map could not be made.
    #[error("map {name}: {error}")]
    Map {
        /// Which.
        name: String,
        /// What the kernel said.
        error: MapError,
    },
    /// A map is not in the object under the expected name and type.
    #[error("map {0} is not what the agent expects")]
    MapType(&'static str),
    /// No probe that carries payload works here.
    #[error("no way to see socket data on this kernel: {0}")]
    NoPayload(String),
    /// A protocol declares frames the programs cannot follow.
    #[error("a protocol's framing cannot be used: {0}")]
    Framing(&'static str),
    /// A map refused an update the agent cannot do without.
    #[error("cannot set up the BPF programs: {0}")]
    Setup(#[source] MapError),
}

/// The switch that says that the kernel has loops.
pub(crate) const LOOPS: &str = "us_loops";

/// The object with its accesses to kernel types as this kernel has them. Finding these takes longer than all the rest, so it is done
/// once.
pub(crate) struct Fitted<'k> {
    object: Object,
    btf: Option<OwnedFd>,
    kernel: &'k Btf,
}

/// The object with its maps, ready to load programs from.
pub(crate) struct Loader<'k> {
    object: Object,
    fitted: &'k Fitted<'k>,
    maps: HashMap<String, MapData>,
    preemption: Preemption,
}

/// The types of the running kernel. About 20 MB while it lives.
pub(crate) fn kernel_types() -> Result<Btf, LoadError> {
    Btf::from_sys_fs().map_err(LoadError::KernelBtf)
}

/// Whether the kernel takes any program at these hooks.
pub(crate) fn try_hooks(kernel: &Btf, attach: &Attach) -> Result<(), ProgramError> {
    program::try_hooks(kernel, attach)
}

impl<'k> Fitted<'k> {
    /// Whether the kernel has a function of this name.
    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.kernel.id_by_type_name_kind(name, BtfKind::Func).is_ok()
    }

    /// Parses the object and fits it to `kernel`.
    pub(crate) fn new(bytes: &[u8], kernel: &'k Btf) -> Result<Self, LoadError> {
        let mut object = Object::parse(bytes)?;
        let btf = object
            .fixup_and_sanitize_btf(aya::features().btf().unwrap_or(&BtfFeatures::default()))
            .map_err(LoadError::ObjectBtf)?
            .map(Btf::to_bytes)
            .and_then(|bytes| sys::load_btf(&bytes).ok());
        object.relocate_btf(kernel)?;
        let ids = kernel_calls::find(kernel);
        object
            .functions
            .values_mut()
            .for_each(|function| kernel_calls::place(&mut function.instructions, ids));
        Ok(Self { object, btf, kernel })
    }
}

impl<'k> Loader<'k> {
    /// Sets the object's frozen `switches`, makes its maps (with `sizes` overriding their number of entries) and has the programs refer
    /// to them.
    pub(crate) fn new(
        fitted: &'k Fitted<'k>,
        sizes: &[(&str, u32)],
        switches: &[(&str, u32)],
    ) -> Result<Self, LoadError> {
        let mut object = fitted.object.clone();
        let values: Vec<_> = switches.iter().map(|(name, value)| (*name, value.to_ne_bytes())).collect();
        object.patch_map_data(values.iter().map(|(name, value)| (*name, (&value[..], true))).collect())?;
        let maps = make_maps(&mut object, fitted.btf.as_ref(), sizes)?;
        if switches.contains(&(LOOPS, 0)) {
            object.functions.values_mut().for_each(|function| callbacks::forget(&mut function.instructions));
        }
        Ok(Self { object, fitted, maps, preemption: Preemption::default() })
    }

    /// Has programs have copies where the kernel may interrupt them.
    pub(crate) fn with_copies(self, preemption: Preemption) -> Self {
        Self { preemption, ..self }
    }

    /// Takes a map out; it lives on in the programs that use it.
    pub(crate) fn take_map(&mut self, name: &'static str) -> Result<MapData, LoadError> {
        self.maps.remove(name).ok_or(LoadError::MapType(name))
    }

    /// The maps nobody has taken. Templates name maps by their descriptors, which must stay as long as programs are loaded from them.
    pub(crate) fn into_maps(self) -> Vec<MapData> {
        self.maps.into_values().collect()
    }

    /// Loads a program and attaches it wherever it belongs.
    pub(crate) fn attach(&self, name: &str, attach: &Attach) -> Result<Vec<Link>, ProgramError> {
        let Some(functions) = attach.functions() else {
            return Ok(vec![self.link(self.load(name, attach, None)?, name, attach, None)?]);
        };
        let mut links = Vec::new();
        // A trampoline's program is made for its function, a kprobe's serves all.
        let shared = matches!(attach, Attach::Kprobe(_) | Attach::Kretprobe(_))
            .then(|| self.load(name, attach, None))
            .transpose()?;
        for function in functions.iter() {
            let program = match &shared {
                Some(shared) => {
                    shared.try_clone().map_err(|error| ProgramError::Other { step: "attaching", error })
                }
                None => self.load(name, attach, Some(function)),
            };
            let result = program.and_then(|program| self.link(program, name, attach, Some(function)));
            match result {
                Ok(link) => links.push(link),
                Err(ProgramError::NoHook(_)) if functions.where_present.contains(&function) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(links)
    }

    /// Attaches a program, and its copies if it is to have any.
    fn link(
        &self,
        program: OwnedFd,
        name: &str,
        attach: &Attach,
        function: Option<&str>,
    ) -> Result<Link, ProgramError> {
        let mut link = link::attach(program, attach, function)?;
        if program::has_copies(&self.object, name) {
            for copy in 1..self.preemption.copies(*attach) {
                let program = self.load_copy(name, attach, function, copy)?;
                link.add_copy(link::attach(program, attach, function)?);
            }
        }
        Ok(link)
    }

    /// Loads a program.
    pub(crate) fn load(
        &self,
        name: &str,
        attach: &Attach,
        function: Option<&str>,
    ) -> Result<OwnedFd, ProgramError> {
        self.load_copy(name, attach, function, 0)
    }

    fn load_copy(
        &self,
        name: &str,
        attach: &Attach,
        function: Option<&str>,
        copy: i32,
    ) -> Result<OwnedFd, ProgramError> {
        let Fitted { btf, kernel, .. } = self.fitted;
        program::load(&self.object, btf.as_ref(), kernel, name, attach, function, copy)
    }

    /// Takes a program for user space out, to be loaded when it is known how it is attached.
    pub(crate) fn template(&self, name: &'static str) -> Result<Template, ProgramError> {
        Template::of(&self.object, self.fitted.btf.as_ref(), name)
    }

    /// Loads an iterator and gives it the map it is to visit, if it visits one.
    pub(crate) fn iterator(&self, name: &str, attach: &Attach) -> Result<Iterator, ProgramError> {
        let fd = self.load(name, attach, None)?;
        match attach {
            Attach::Iterator { over: Over::Processes, .. } => Ok(link::iterator_by_process(fd)),
            Attach::Iterator { over: Over::Map(map), .. } => {
                let map = self.maps.get(*map).ok_or_else(|| ProgramError::NoHook(format!("map {map}")))?;
                link::iterator(fd, Visit::Map(map.fd().as_fd()))
            }
            _ => link::iterator(fd, Visit::All),
        }
    }
}

fn make_maps(
    object: &mut Object,
    btf: Option<&OwnedFd>,
    sizes: &[(&str, u32)],
) -> Result<HashMap<String, MapData>, LoadError> {
    let mut definitions: Vec<_> = object.maps.drain().collect();
    let mut maps: HashMap<String, MapData> = HashMap::new();
    for (name, definition) in &mut definitions {
        if let Some((_, entries)) = sizes.iter().find(|(sized, _)| sized == name) {
            definition.set_max_entries(*entries);
        }
        let map = match MapData::create(definition.clone(), name, btf.map(AsFd::as_fd)) {
            Err(MapError::CreateError { io_error, .. })
                if definition.map_type() == bpf_map_type::BPF_MAP_TYPE_TASK_STORAGE as u32
                    && io_error.raw_os_error() == Some(libc::EINVAL) =>
            {
                continue;
            }
            made => made.map_err(|error| map_error(name, error))?,
        };
        if !definition.data().is_empty() {
            let failed = |error| LoadError::Map { name: name.clone(), error: MapError::IoError(error) };
            sys::set_global_data(map.fd().as_fd(), definition.data()).map_err(failed)?;
            if definition.section_kind() == EbpfSectionKind::Rodata {
                sys::freeze_map(map.fd().as_fd()).map_err(failed)?;
            }
        }
        maps.insert(name.clone(), map);
    }
    let text_sections = object.functions.keys().map(|(section, _)| *section).collect();
    // A kind of map the kernel does not know is named only in branches that are switched off. The verifier skips those, but wants a map
    // in every place where one is named: any will do.
    let fd = |name: &String| {
        maps.get(name).or_else(|| maps.values().next()).map(|map| map.fd().as_fd().as_raw_fd())
    };
    let fds: Vec<_> = definitions
        .iter()
        .filter_map(|(name, definition)| Some((name.as_str(), fd(name)?, definition)))
        .collect();
    object.relocate_maps(fds.into_iter(), &text_sections)?;
    object.relocate_calls(&text_sections)?;
    Ok(maps)
}

fn map_error(name: &str, error: MapError) -> LoadError {
    match &error {
        MapError::CreateError { io_error, .. } if io_error.raw_os_error() == Some(libc::EPERM) => {
            LoadError::Privilege { capability: "CAP_BPF", what: format!("making the BPF map {name}") }
        }
        _ => LoadError::Map { name: name.to_owned(), error },
    }
}
