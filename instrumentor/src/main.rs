//! The `underspan` binary.
use underspan::agent::Agent;
use underspan_config::{Config, Rule, Stdout};

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut config = Config::default();
    for pid in std::env::args().skip(1) {
        config.select.push(Rule { pid: Some(pid.parse()?), ..Rule::default() });
    }
    config.export.stdout = Stdout::Text;
    config.export.otlp.enabled = false;
    config.traces.schedule_delay.0 = std::time::Duration::from_millis(200);
    let agent = Agent::start(&config, None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { tokio::signal::ctrl_c().await })?;
    println!("{:?}", agent.stop());
    Ok(())
}
