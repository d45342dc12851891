//! What people and programs read on standard output.
use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use underspan::export::{
    self, Pipeline,
    stdout::{Form, Settings},
};

use crate::support::{PATIENCE, batch};

/// What `batches` of one span each leave behind.
fn written(form: Form, batches: usize) -> String {
    let output = Arc::new(Mutex::new(Vec::new()));
    let settings = Settings { form, output: Arc::<Mutex<Vec<u8>>>::clone(&output) };
    let settings = export::Settings { otlp: None, stdout: Some(settings) };
    let pipeline = Pipeline::start(export::open(&settings).unwrap()).unwrap();
    for _ in 0..batches {
        pipeline.sender().send(&batch(1));
    }
    let totals = pipeline.shutdown(PATIENCE);
    assert_eq!((totals[0].1.exported, totals[0].1.lost()), (batches as u64, 0));
    let output = output.lock().unwrap().clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn json_is_one_request_per_line() {
    let text = written(Form::Json, 2);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(text.ends_with('\n'));
    let value: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    let span = &value["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    let golden = include_str!("span.json").replace("VERSION", env!("CARGO_PKG_VERSION"));
    let golden: serde_json::Value = serde_json::from_str(&golden).unwrap();
    assert_eq!(value, golden, "{value:#}");
    assert!(span["startTimeUnixNano"].is_string(), "64-bit integers are text");
}

#[test]
fn text_is_one_line_per_span() {
    let text = written(Form::Text { colour: false }, 2);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    let (time, rest) = lines[0].split_once(' ').unwrap();
    assert!(time.len() == 12 && time.ends_with(".001"), "local time, to the millisecond: {time}");
    let columns: Vec<_> = rest.split_whitespace().collect();
    assert_eq!(
        columns,
        ["└SERVER", "500", "1.50ms", "shop", "GET", "/orders/17\u{fffd}", "[::1]:4242", "30313233"]
    );
    assert!(!text.contains('\x1b'), "no colour, and none from the target");
    assert!(written(Form::Text { colour: true }, 1).contains("\x1b[31m500"), "errors are red");
}

/// A writer that fails as a closed pipe does.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_output_is_counted() {
    let settings = Settings { form: Form::Json, output: Arc::new(Mutex::new(Closed)) };
    let settings = export::Settings { otlp: None, stdout: Some(settings) };
    let pipeline = Pipeline::start(export::open(&settings).unwrap()).unwrap();
    pipeline.sender().send(&batch(2));
    let totals = pipeline.shutdown(PATIENCE)[0].1;
    assert_eq!(totals.dropped(export::DropReason::Unavailable), 2);
}
