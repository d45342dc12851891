//! Rate, errors and durations per service, side and route: a table for people, at the end of a look at a
//! system.
use std::{
    collections::BTreeMap,
    fmt::{self, Display, Write},
    time::Duration,
};

use underspan_protocols::message::Role;

use super::metrics::exponential::Histogram;
use crate::{
    correlate::exchange::Exchange,
    export::stdout::{human, printable},
};

/// Rows kept; what comes beyond shares one row per service and side.
const MAX_ROWS: usize = 500;
/// What those rows are called.
const OTHERS: &str = "(others)";

/// Counts exchanges for the table.
#[derive(Debug, Default)]
pub struct Summary {
    rows: BTreeMap<Key, Row>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    service: String,
    client: bool,
    /// The span's name: operation and route.
    name: String,
}

#[derive(Debug, Default)]
struct Row {
    errors: u64,
    /// In nanoseconds.
    durations: Histogram,
}

impl Summary {
    /// Counts an exchange.
    pub fn record(&mut self, exchange: &Exchange) {
        let name = match &exchange.route {
            Some(route) => format!("{} {route}", exchange.operation),
            None => exchange.operation.clone(),
        };
        let service = exchange.resource.service.clone();
        let mut key = Key { service, client: exchange.role == Role::Client, name };
        if self.rows.len() >= MAX_ROWS && !self.rows.contains_key(&key) {
            OTHERS.clone_into(&mut key.name);
        }
        let row = self.rows.entry(key).or_default();
        row.errors += u64::from(exchange.error.is_some());
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        row.durations.record(exchange.end.saturating_sub(exchange.start) as f64);
    }

    /// The table; rates are over `elapsed`.
    pub fn table(&self, elapsed: Duration) -> impl Display {
        let head = ["SERVICE", "SIDE", "ROUTE", "COUNT", "RATE", "ERRORS", "P50", "P95", "P99", "MAX"];
        let rows = self.rows.iter().map(|(key, row)| row.cells(key, elapsed));
        Table(std::iter::once(head.map(str::to_owned)).chain(rows).collect())
    }
}

impl Row {
    fn cells(&self, key: &Key, elapsed: Duration) -> [String; COLUMNS] {
        let count = self.durations.count();
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let rate = count as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let errors = self.errors as f64 / count as f64 * 100.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "durations are not negative"
        )]
        let quantile = |q| human(self.durations.quantile(q).unwrap_or_default() as u64);
        [
            printable(&key.service),
            if key.client { "client" } else { "server" }.into(),
            printable(&key.name),
            count.to_string(),
            format!("{rate:.1}/s"),
            if self.errors == 0 { "-".into() } else { format!("{} ({errors:.1}%)", self.errors) },
            quantile(0.5),
            quantile(0.95),
            quantile(0.99),
            quantile(1.0),
        ]
    }
}

const COLUMNS: usize = 10;
/// Columns of text; those of numbers are aligned to the right.
const TEXT_COLUMNS: usize = 3;

/// Cells, the head first.
struct Table(Vec<[String; COLUMNS]>);

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| self.0.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        for row in &self.0 {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
                if column < TEXT_COLUMNS {
                    write!(line, "{cell:<width$}  ")?;
                } else {
                    write!(line, "{cell:>width$}  ")?;
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::tests::sample::server;

    #[test]
    fn a_row_per_service_side_and_route() {
        let mut summary = Summary::default();
        for i in 0..200 {
            let mut exchange = server();
            exchange.end = exchange.start + (i + 1) * 1_000_000;
            exchange.error = (i % 10 == 0).then(|| "500".into());
            summary.record(&exchange);
        }
        let client = Exchange { role: Role::Client, route: None, ..server() };
        summary.record(&client);
        let table = summary.table(Duration::from_secs(10)).to_string();
        let cells: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(cells[0].len(), COLUMNS);
        assert_eq!(
            cells[1][..7],
            ["shop", "server", "GET", "/orders/{id}", "200", "20.0/s", "20"],
            "{table}"
        );
        assert_eq!(cells[1][7], "(10.0%)");
        let p50: f64 = cells[1][8].trim_end_matches("ms").parse().expect("milliseconds");
        assert!((98.0..103.0).contains(&p50), "{p50}");
        assert_eq!(cells[1][11], "200ms");
        assert_eq!(cells[2][..5], ["shop", "client", "GET", "1", "0.1/s"]);
    }

    #[test]
    fn rows_are_bounded() {
        let mut summary = Summary::default();
        for i in 0..2 * MAX_ROWS {
            summary.record(&Exchange { route: Some(format!("/{i}")), ..server() });
        }
        assert_eq!(summary.rows.len(), MAX_ROWS + 1);
        assert_eq!(summary.rows.values().map(|row| row.durations.count()).sum::<u64>(), 2 * MAX_ROWS as u64);
    }
}
