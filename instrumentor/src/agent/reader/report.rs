//! What the reader knows, for whoever asks.

use underspan_ebpf::Tracer;

use super::Reader;
use crate::agent::control::Snapshot;
use crate::agent::survey;
use crate::telemetry::Totals;
use crate::telemetry::status::Tls;

impl Reader {
    pub(super) fn totals(&self) -> Totals {
        let mut kernel = self.before;
        if let Some(tracer) = &self.tracer {
            kernel += tracer.counters();
        }
        let mut stats = self.stages.understand.stats.clone();
        stats.moments_forgotten = self.stages.understand.runtimes.dropped();
        stats.moments_negative = self.stages.understand.runtimes.negative();
        Totals { stats, kernel, pauses: self.budget.pauses(), ..Totals::default() }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let totals = self.totals();
        let mut running = self.tracer.as_ref().map(Tracer::running).unwrap_or_default();
        running.extend(self.user_space.running());
        let facts = survey::Facts {
            standing: self.standing(),
            uptime: self.started.elapsed(),
            reports: &self.reports,
            running: &running,
            totals: &totals,
            exporters: &self.stages.understand.express.exported(),
            audit: self.auditor.totals(),
            budget: self.budget.status(),
            declared: self.user_space.declared(self.stages.understand.runtimes.wanted()),
        };
        let mut targets = self.stages.targets();
        for target in &mut targets {
            target.inside = self.user_space.inside(target.pid);
            // Known only where a library was found and could not be used.
            let why = self.user_space.obstacle(target.pid).filter(|_| target.tls == Some(Tls::Blind));
            target.finding = why.or(target.finding.take());
        }
        self.budget.annotate(&mut targets, self.stages.understand.now());
        let status = survey::status(&facts, targets);
        Snapshot { status, counters: self.stages.understand.express.counters(&totals) }
    }
}
