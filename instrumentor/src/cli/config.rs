//! `underspan config`, and reading the file for `run`.
use std::{fs, path::Path};

use underspan_config::Config;

use super::{Environment, Failure, arguments::ConfigCommand};

/// What to print.
pub(super) fn run(command: ConfigCommand, env: Environment<'_>) -> Result<String, Failure> {
    match command {
        ConfigCommand::Print { config: None } => Ok(Config::default().to_yaml()),
        ConfigCommand::Print { config: Some(path) } => Ok(read(&path, env)?.to_yaml()),
        ConfigCommand::Validate { config: path } => {
            let config = read(&path, env)?;
            let note = "note: \"select\" has no rule, so `underspan run` refuses this file\n";
            Ok(format!("{}: valid\n{}", path.display(), if config.select.is_empty() { note } else { "" }))
        }
        ConfigCommand::Schema => Ok(format!("{:#}\n", Config::schema())),
    }
}

/// Reads a configuration file. A failure lists every mistake.
pub(super) fn read(path: &Path, env: Environment<'_>) -> Result<Config, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(Failure::USAGE, format!("cannot read {}: {error}", path.display())))?;
    Config::parse(&text, env).map_err(|errors| {
        let count = errors.mistakes().len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        let list = errors.to_string().replace('\n', "\n  ");
        Failure::new(Failure::USAGE, format!("{}: {count} {noun}\n  {list}", path.display()))
    })
}
