//! Signals, the end of a launched command and the time limit -> the end; the kill switch by signal.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};
use underspan_config::Period;

use super::Failure;
use crate::agent::{Control, Holder};
use crate::discover::launch::{Launched, exit_code};

/// Between looks at a launched command.
const LOOK: Duration = Duration::from_millis(20);

/// The signals that mean something. From here on none of them kills the process.
pub(super) struct Signals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
    detach: Signal,
    attach: Signal,
}

impl Signals {
    /// To be called before anything is attached, so that a signal in between is not missed.
    pub(super) fn listen() -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
        let entered = runtime.enter();
        let [interrupt, terminate, detach, attach] = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::user_defined1(),
            SignalKind::user_defined2(),
        ]
        .map(signal);
        drop(entered);
        Ok(Self {
            runtime,
            interrupt: interrupt.map_err(|error| failed(&error))?,
            terminate: terminate.map_err(|error| failed(&error))?,
            detach: detach.map_err(|error| failed(&error))?,
            attach: attach.map_err(|error| failed(&error))?,
        })
    }

    /// Waits for SIGINT or SIGTERM, the end of the command or of the time; gives the exit code. SIGUSR1 detaches, SIGUSR2 attaches again.
    pub(super) fn wait(
        self,
        control: &Control,
        limit: Option<Period>,
        mut launched: Option<&mut Launched>,
    ) -> Result<u8, Failure> {
        let Self { runtime, mut interrupt, mut terminate, mut detach, mut attach } = self;
        let end = limit.map(|Period(limit)| Instant::now() + limit);
        runtime.block_on(async {
            loop {
                let look = async {
                    match launched {
                        Some(_) => sleep(LOOK).await,
                        None => std::future::pending().await,
                    }
                };
                let over = async {
                    match end {
                        Some(end) => sleep_until(end).await,
                        None => std::future::pending().await,
                    }
                };
                // Orders are obeyed in turn; nobody waits for their answers here.
                tokio::select! {
                    _ = interrupt.recv() => return Ok(0),
                    _ = terminate.recv() => return Ok(0),
                    _ = detach.recv() => drop(control.detach(Holder::Operator, "signal SIGUSR1")),
                    _ = attach.recv() => drop(control.attach(Holder::Operator)),
                    () = over => {
                        tracing::info!("the time limit is over");
                        return Ok(0);
                    }
                    () = look => {}
                }
                if let Some(launched) = &mut launched
                    && let Some(status) = launched.try_wait().map_err(|error| failed(&error))?
                {
                    return Ok(exit_code(status));
                }
            }
        })
    }
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::new(Failure::FAILED, format!("cannot wait for signals: {error}"))
}
