//! Orders, and what they come to: attaching and detaching.

use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Instant;

use tokio::sync::oneshot;
use underspan_ebpf::{Tracer, trim_memory};

use super::{NAP, Reader, TURN, count_inside};
use crate::agent::StartError;
use crate::agent::control::{Holder, Order, Standing};
use crate::capture;
use crate::discover::Change;

impl Reader {
    /// Does what it is told, first of all. False: to end. Without anything attached, orders are what it waits for.
    pub(super) fn obey(&mut self, orders: &Receiver<Order>) -> bool {
        loop {
            let order = match orders.try_recv() {
                Err(TryRecvError::Empty) if self.tracer.is_some() => return true,
                Err(TryRecvError::Empty) => match orders.recv_timeout(NAP) {
                    Ok(order) => order,
                    Err(RecvTimeoutError::Timeout) => return true,
                    Err(RecvTimeoutError::Disconnected) => return false,
                },
                Ok(order) => order,
                Err(TryRecvError::Disconnected) => return false,
            };
            match order {
                Order::Stop => return false,
                Order::Hold(by, reason, done) => {
                    self.hold(by, reason);
                    self.answer(done);
                }
                Order::Release(by, done) => {
                    self.release(by);
                    self.answer(done);
                }
                // Whoever asked may have lost patience.
                Order::Look(reply) => drop(reply.send(self.snapshot())),
            }
        }
    }

    fn answer(&self, done: Option<oneshot::Sender<Standing>>) {
        if let Some(done) = done {
            // Whoever asked may have lost patience.
            let _ = done.send(self.standing());
        }
    }

    pub(in crate::agent) fn standing(&self) -> Standing {
        let reasons = self.holds.iter().map(|(_, reason)| reason.clone()).collect();
        Standing { attached: self.tracer.is_some(), reasons }
    }

    fn hold(&mut self, by: Holder, reason: String) {
        if self.tracer.is_some() {
            let begun = Instant::now();
            let programs = self.detach(&reason);
            tracing::warn!(reason, programs, took = ?begun.elapsed(), "detached");
        }
        self.holds.retain(|(holder, _)| *holder != by);
        self.holds.push((by, reason));
    }

    fn release(&mut self, by: Holder) {
        // The kernel's refusal is no objection to another try.
        self.holds.retain(|(holder, _)| *holder != by && *holder != Holder::Kernel);
        if self.tracer.is_some() {
            return;
        }
        if !self.holds.is_empty() {
            tracing::warn!(reasons = self.standing().reasons.join("; "), "stays detached");
        } else if let Err(error) = self.attach("released") {
            tracing::error!(%error, "cannot attach again");
            self.holds.push((Holder::Kernel, format!("cannot attach: {error}")));
        }
    }

    /// Loads and attaches every probe, and selects whoever matches.
    pub(super) fn attach(&mut self, reason: &str) -> Result<(), StartError> {
        let mut tracer = Tracer::start(&self.settings)?;
        self.user_space.begin(&mut tracer, self.stages.understand.runtimes.wanted());
        self.budget.begin(&mut tracer, self.user_space.uprobes());
        let now = capture::Clock::read().now();
        let understand = &mut self.stages.understand;
        // Those known before are selected anew with the rest.
        understand.table.scan(now).map_err(StartError::Processes)?;
        understand.changes.clear();
        understand.changes.extend(understand.table.running().map(Change::Track));
        self.reports = tracer.reports().to_vec();
        for running in tracer.running() {
            self.auditor.attached(&running, now, reason);
        }
        self.tracer = Some(tracer);
        self.tell_kernel();
        let mut processes = 0;
        if let Some(tracer) = &mut self.tracer {
            processes = tracer.selected().len();
            // Attaching may have taken longer than the programs' deadline, and from now on nothing may be missed.
            tracer.heartbeat();
        }
        self.pulse.set_attached(true);
        tracing::info!(processes, "ready");
        Ok(())
    }

    /// No new byte from anybody: leaves the kernel, then reads what is there and reports it. The number of programs that were attached.
    pub(super) fn detach(&mut self, reason: &str) -> usize {
        let Some(tracer) = &mut self.tracer else { return 0 };
        let (running, selected) = (tracer.running(), tracer.selected());
        for pid in &selected {
            tracer.deselect(*pid);
        }
        // The kernel takes its time with these, and has it from here on.
        let taken_back = self.user_space.close();
        count_inside(tracer, &mut self.stages);
        self.stages.understand.runtimes.restart();
        if let Err(error) = tracer.flush() {
            tracing::debug!(%error, "cannot look at silent connections");
        }
        let skipped = tracer.missed_hits();
        if !skipped.is_empty() {
            // The exchanges this cost are among those lost, by the holes the calls left.
            tracing::warn!(?skipped, "the kernel passed hooks without running their programs");
        }
        tracer.detach();
        self.pulse.set_attached(false);
        let now = self.stages.understand.now();
        for running in &running {
            self.auditor.detached(running, now, reason);
        }
        taken_back.detached(&self.auditor, now);
        for pid in selected {
            self.auditor.deselected(&self.stages.understand.table, pid, now, Some(reason));
        }
        if let Some(tracer) = &mut self.tracer {
            self.late.append(&mut tracer.late_ends());
        }
        while self.drain(Instant::now() + TURN) > 0 {
            self.pulse.beat();
        }
        self.stages.end();
        if let Some(tracer) = self.tracer.take() {
            self.before += tracer.counters();
        }
        self.expired = 0;
        trim_memory();
        running.len()
    }
}
