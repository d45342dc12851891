//! To standard output: a line per span for people, or OTLP/JSON for programs.
use std::{
    env,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::{
    Batch, Destination, DropReason, Entry, Error, Exporter, Limits, Outcome, Sending, Signal, otlp::json,
    retry,
};

mod text;

pub(crate) use text::{human, printable};

/// The line in the registry.
pub const ENTRY: Entry = Entry { name: "stdout", open };

/// What is written, and where to.
#[derive(Clone)]
pub struct Settings {
    /// The form of it.
    pub form: Form,
    /// Standard output, or what a test puts in its place.
    pub output: Arc<Mutex<dyn Write + Send>>,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line per span; metrics are left out.
    Text {
        /// With colours.
        colour: bool,
    },
    /// One OTLP/JSON export request per line, as the specification's file exporter writes it.
    Json,
}

impl Form {
    /// Text, in colour where standard output is a terminal and `NO_COLOR` does not object.
    pub fn text() -> Self {
        let objected = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self::Text { colour: io::stdout().is_terminal() && !objected }
    }
}

impl Settings {
    /// This form on standard output.
    pub fn new(form: Form) -> Self {
        Self { form, output: Arc::new(Mutex::new(io::stdout())) }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("form", &self.form).finish_non_exhaustive()
    }
}

fn open(settings: &super::Settings) -> Result<Vec<Destination>, Error> {
    let Some(settings) = &settings.stdout else { return Ok(Vec::new()) };
    let (name, signal) = match settings.form {
        Form::Text { .. } => ("stdout/text", Some(Signal::Traces)),
        Form::Json => ("stdout/json", None),
    };
    Ok(vec![Destination {
        name,
        signal,
        exporter: Box::new(Stdout(settings.clone())),
        limits: Limits::default(),
        retry: retry::Settings::default(),
        concurrency: 1, // lines stay in order
    }])
}

struct Stdout(Settings);

impl Exporter for Stdout {
    fn encode(&self, mut batch: Batch) -> Batch {
        batch.body = match self.0.form {
            Form::Text { colour } => text::lines(&batch, colour).into(),
            Form::Json => {
                let mut line = json::encode(&batch);
                line.push(b'\n');
                line.into()
            }
        };
        batch
    }

    fn export(&self, batch: &Batch) -> Sending<'_> {
        let output = Arc::clone(&self.0.output);
        let body = batch.body.clone();
        Box::pin(async move {
            // A paused terminal blocks the write, which must not hold up the other exporters.
            let written = tokio::task::spawn_blocking(move || write(&output, &body)).await;
            match written.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok(()) => Outcome::OK,
                Err(error) => Outcome::Refused {
                    reason: DropReason::Unavailable,
                    error: format!("standard output: {error}"),
                },
            }
        })
    }
}

fn write(output: &Mutex<dyn Write + Send>, body: &Bytes) -> io::Result<()> {
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    output.write_all(body)?;
    output.flush()
}
