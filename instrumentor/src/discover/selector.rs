//! The operator's rules, compiled.
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use underspan_config::{Ports, Rule, ServiceRule};

use super::ProcessFacts;

/// A glob that cannot be compiled; validation of the configuration finds it first.
#[derive(Debug, thiserror::Error)]
#[error("{glob:?} is not a glob: {source}")]
pub struct WrongGlob {
    glob: String,
    source: globset::Error,
}

/// Which processes are traced.
#[derive(Debug, Default)]
pub struct Selectors {
    select: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Selectors {
    /// Compiles the rules `select` and `exclude` of a configuration. Without rules in `select` nothing matches.
    pub fn new(select: &[Rule], exclude: &[Rule]) -> Result<Self, WrongGlob> {
        let compile = |rules: &[Rule]| {
            let rules = rules.iter().enumerate();
            rules
                .map(|(index, rule)| Ok(Pattern { index, ..Pattern::of_rule(rule)? }))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { select: compile(select)?, exclude: compile(exclude)? })
    }

    /// Whether the process is traced. Ports nobody looked for match no rule.
    pub fn matches(&self, facts: &ProcessFacts) -> bool {
        self.matching(facts).is_some()
    }

    /// The rule by which the process is traced: its index in `select`.
    pub fn matching(&self, facts: &ProcessFacts) -> Option<usize> {
        let rule = self.select.iter().find(|rule| rule.matches(facts))?;
        (!self.excludes(facts)).then_some(rule.index)
    }

    /// Whether the process is traced if it listens on the right port. False settles it without looking for ports.
    pub fn could_match(&self, facts: &ProcessFacts) -> bool {
        self.select.iter().any(|rule| rule.matches_but_ports(facts))
    }

    /// Whether a process with this executable (as `/proc/PID/exe` has it) may be traced. False settles it for one
    /// link read. The file name of an exec event will not do: it may be a script or a link.
    pub fn could_match_executable(&self, executable: &Path) -> bool {
        self.select.iter().any(|rule| rule.matches_executable(Some(executable)))
    }

    /// Whether `exclude` says no. For children of traced processes, which are traced without matching a rule.
    pub fn excludes(&self, facts: &ProcessFacts) -> bool {
        self.exclude.iter().any(|rule| rule.matches(facts))
    }

    /// Whether a rule names this very process.
    pub fn names(&self, pid: u32) -> bool {
        self.select.iter().any(|rule| rule.pid == Some(pid))
    }

    /// Forgets rules for a process id, once they have found their process or not: later the id means another one.
    /// Gives these ids.
    pub(super) fn retire_process_ids(&mut self) -> Vec<u32> {
        self.select.extract_if(.., |rule| rule.pid.is_some()).filter_map(|rule| rule.pid).collect()
    }

    /// Whether any rule looks at ports. A process can begin to listen at any time, so then scans must repeat.
    pub fn needs_ports(&self) -> bool {
        self.select.iter().chain(&self.exclude).any(|rule| rule.port.is_some())
    }

    /// Whether a process that starts later can match. Not if every rule names a process id.
    pub fn needs_exec_events(&self) -> bool {
        self.select.iter().any(|rule| rule.pid.is_none())
    }
}

/// One compiled rule.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Its place in the configuration.
    index: usize,
    pid: Option<u32>,
    executable: Option<FileGlob>,
    port: Option<Ports>,
    cgroup: Option<String>,
}

/// A glob on the path of a file; without a slash, on its name.
#[derive(Debug)]
pub struct FileGlob {
    glob: GlobMatcher,
    /// The glob has no slash and is about the base name.
    base_name: bool,
}

impl Pattern {
    fn of_rule(rule: &Rule) -> Result<Self, WrongGlob> {
        Self::new(rule.pid, rule.exe.as_deref(), rule.port, rule.cgroup.as_deref())
    }

    /// The part of a service rule that says which processes it is about.
    pub(super) fn of_service(rule: &ServiceRule) -> Result<Self, WrongGlob> {
        Self::new(None, rule.exe.as_deref(), rule.port, rule.cgroup.as_deref())
    }

    fn new(
        pid: Option<u32>,
        exe: Option<&str>,
        port: Option<Ports>,
        cgroup: Option<&str>,
    ) -> Result<Self, WrongGlob> {
        let executable = exe.map(FileGlob::new).transpose()?;
        let cgroup = cgroup.map(|path| path.trim_end_matches('/').to_owned());
        Ok(Self { index: 0, pid, executable, port, cgroup })
    }

    pub(super) fn matches(&self, facts: &ProcessFacts) -> bool {
        let ports = facts.ports.as_deref().unwrap_or_default();
        self.matches_but_ports(facts)
            && self.port.is_none_or(|wanted| ports.iter().any(|port| wanted.contains(*port)))
    }

    pub(super) fn needs_ports(&self) -> bool {
        self.port.is_some()
    }

    fn matches_but_ports(&self, facts: &ProcessFacts) -> bool {
        self.pid.is_none_or(|pid| pid == facts.pid)
            && self.matches_executable(facts.executable.as_deref())
            && self.cgroup.as_deref().is_none_or(|cgroup| {
                facts.cgroups.iter().any(|path| {
                    path.strip_prefix(cgroup).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
            })
    }

    fn matches_executable(&self, executable: Option<&Path>) -> bool {
        match &self.executable {
            None => true,
            Some(glob) => executable.is_some_and(|path| glob.matches(path)),
        }
    }
}

impl FileGlob {
    /// In a path `*` stops at slashes and `**` does not.
    pub fn new(text: &str) -> Result<Self, WrongGlob> {
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .build()
            .map_err(|source| WrongGlob { glob: text.to_owned(), source })?;
        Ok(Self { glob: glob.compile_matcher(), base_name: !text.contains('/') })
    }

    /// Whether it means this file.
    pub fn matches(&self, path: &Path) -> bool {
        match path.file_name() {
            Some(name) if self.base_name => self.glob.is_match(name),
            _ => self.glob.is_match(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(executable: &str) -> ProcessFacts {
        ProcessFacts { pid: 7, executable: Some(executable.into()), ..ProcessFacts::default() }
    }

    fn exe(glob: &str) -> Rule {
        Rule { exe: Some(glob.to_owned()), ..Rule::default() }
    }

    fn selects(rule: Rule, facts: &ProcessFacts) -> bool {
        Selectors::new(&[rule], &[]).expect("a good glob").matches(facts)
    }

    #[test]
    fn globs_on_name_or_path() {
        for (glob, path, expected) in [
            ("nginx", "/usr/sbin/nginx", true),
            ("nginx", "/opt/nginx/worker", false),
            ("python3*", "/usr/bin/python3.11", true),
            ("*", "/usr/bin/anything", true),
            ("/usr/*", "/usr/bin/python3", false),
            ("/usr/**", "/usr/bin/python3", true),
            ("/usr/*/python3", "/usr/bin/python3", true),
            ("**/shop/*", "/opt/shop/api", true),
            ("{nginx,envoy}", "/usr/bin/envoy", true),
        ] {
            assert_eq!(selects(exe(glob), &facts(path)), expected, "{glob} on {path}");
        }
        assert!(
            !selects(exe("*"), &ProcessFacts { pid: 2, ..ProcessFacts::default() }),
            "kernel threads have no file"
        );
    }

    #[test]
    fn fields_and_rules_or() {
        let mut process = facts("/usr/bin/node");
        process.ports = Some(vec![8080]);
        process.cgroups = vec!["/system.slice/shop.service".to_owned()];
        let port = Ports::parse("8000-8099");
        assert!(selects(Rule { port, ..exe("node") }, &process));
        assert!(!selects(Rule { port, ..exe("nginx") }, &process));
        assert!(!selects(Rule { port: Ports::parse("80"), ..exe("node") }, &process));
        let rules = [exe("nginx"), Rule { port, ..Rule::default() }];
        assert!(Selectors::new(&rules, &[]).expect("good").matches(&process));
        assert!(!Selectors::new(&rules, &[exe("node")]).expect("good").matches(&process), "exclude wins");
        assert!(!Selectors::default().matches(&process), "selection is explicit");
    }

    #[test]
    fn control_groups_match_whole_components() {
        let mut process = facts("/bin/a");
        process.cgroups = vec!["/system.slice/shop.service".to_owned()];
        for (cgroup, expected) in [
            ("/system.slice", true),
            ("/system.slice/", true),
            ("/system.slice/shop.service", true),
            ("/system.slice/shop", false),
            ("/", true),
            ("/user.slice", false),
        ] {
            let rule = Rule { cgroup: Some(cgroup.to_owned()), ..Rule::default() };
            assert_eq!(selects(rule, &process), expected, "{cgroup}");
        }
    }

    #[test]
    fn ports_are_looked_for_only_where_they_decide() {
        let rule = Rule { port: Ports::parse("80"), ..exe("nginx") };
        let selectors = Selectors::new(&[rule], &[]).expect("good");
        assert!(selectors.needs_ports() && selectors.needs_exec_events());
        assert!(selectors.could_match(&facts("/usr/sbin/nginx")));
        assert!(!selectors.matches(&facts("/usr/sbin/nginx")), "nobody looked");
        assert!(!selectors.could_match(&facts("/bin/sh")));
        assert!(!selectors.could_match_executable(Path::new("/bin/sh")));
        assert!(selectors.could_match_executable(Path::new("/usr/sbin/nginx")));
    }

    #[test]
    fn a_rule_for_one_process() {
        let selectors = Selectors::new(&[Rule { pid: Some(7), ..Rule::default() }], &[]).expect("good");
        assert!(selectors.matches(&facts("/bin/a")));
        assert!(!selectors.needs_exec_events() && !selectors.needs_ports());
        assert!(selectors.names(7) && !selectors.names(8));
        assert!(Selectors::new(&[exe("[")], &[]).is_err());
    }
}
