//! What a service binary answers.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::service::{Service, ServiceDef, exit_codes, run};
use crate::settings::Settings;
use crate::telemetry::Telemetry;

/// What `--help` says of the exit codes.
const EXIT_CODES: &str = "Exit codes:
  0  done, nothing to mend
  1  findings: contracts drifted, or a step failed
  2  an argument, a setting or a declaration of the service is wrong
  3  it could not come to its end: a file, or a drain past its deadline";

/// The arguments of a service binary.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service's steps on Kafka until SIGTERM or Ctrl-C (the default)
    Run,
    /// Print what the service declares, as JSON
    Manifest,
    /// The contracts of the service's events, as files
    #[command(subcommand)]
    Contracts(Contracts),
}

#[derive(Debug, Subcommand)]
enum Contracts {
    /// Write the contracts of the events that this service owns; a published version never changes its meaning
    Write(Folder),
    /// Compare the files with the code: own contracts, and what this service reads with what was published
    Check(Folder),
}

#[derive(Debug, clap::Args)]
struct Folder {
    /// The folder of the contract files
    #[arg(long, value_name = "FOLDER", default_value = "schemas")]
    dir: PathBuf,
}

impl<S: Send + Sync + 'static> Service<S> {
    /// What a service's `main` calls: answers `run` (the default), `manifest`, `contracts write|check` and `--help`.
    ///
    /// ```no_run
    /// # use choreograph::Service;
    /// # fn service() -> Service { Service::new("mail", ()) }
    /// fn main() -> std::process::ExitCode {
    ///     service().main()
    /// }
    /// ```
    ///
    /// A panic is an event of the log: the place, the message where that is a literal, for any other may hold the payload,
    /// and the record's ids where it is a handler's own. For this `run` sets the process's panic hook, in place of any
    /// that was set before; who wants another sets it in [`main_beside`](Self::main_beside). [`Service::run`] sets none.
    ///
    /// Exit codes are in [`exit`](crate::exit).
    pub fn main(self) -> ExitCode {
        self.main_from(std::env::args_os())
    }

    /// The same for arguments of the caller's; the first is the program's name, as in [`std::env::args_os`]. For a binary that
    /// holds several services.
    pub fn main_from(self, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
        self.main_beside(arguments, |_, _| Ok(()))
    }

    /// As [`main_from`](Self::main_from), for a process that does something beside its steps, such as serving a page that
    /// starts workflows. Where the service is to run, `beside` is called before the first step starts, with the settings and
    /// the process's telemetry: a [`Publisher`](crate::Publisher) that is made with them is part of the traces. An error is told,
    /// and the service does not run.
    ///
    /// ```no_run
    /// use choreograph::Publisher;
    /// # fn service() -> choreograph::Service { choreograph::Service::new("site", ()) }
    /// # fn serve(_: Publisher) {}
    ///
    /// fn main() -> std::process::ExitCode {
    ///     service().main_beside(std::env::args_os(), |settings, telemetry| {
    ///         let till = Publisher::connect("site", settings, telemetry)?;
    ///         std::thread::spawn(|| serve(till));
    ///         Ok(())
    ///     })
    /// }
    /// ```
    pub fn main_beside(
        self,
        arguments: impl IntoIterator<Item = OsString>,
        beside: impl FnOnce(&Settings, &Telemetry) -> Result<(), Box<dyn Error + Send + Sync>>,
    ) -> ExitCode {
        let definition = self.into_definition();
        // Not locked: while the service runs, its threads log to the same standard error.
        let code = answer(&definition, arguments, beside, &mut io::stdout(), &mut io::stderr());
        ExitCode::from(code.unwrap_or(exit_codes::COULD_NOT_COMPLETE))
    }
}

/// Does what the arguments ask for. An error is that of writing to the streams.
fn answer(
    service: &ServiceDef,
    arguments: impl IntoIterator<Item = OsString>,
    beside: impl FnOnce(&Settings, &Telemetry) -> Result<(), Box<dyn Error + Send + Sync>>,
    out: &mut dyn Write,
    errors: &mut dyn Write,
) -> io::Result<u8> {
    let command = Arguments::command().bin_name(service.name.as_str()).display_name(service.name.as_str());
    let parsed =
        command.try_get_matches_from(arguments).and_then(|found| Arguments::from_arg_matches(&found));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(refusal) if refusal.use_stderr() => {
            write!(errors, "{}", refusal.render())?;
            return Ok(exit_codes::USAGE);
        }
        Err(help) => {
            write!(out, "{}", help.render())?;
            return Ok(exit_codes::OK);
        }
    };
    if let Err(error) = service.check() {
        writeln!(errors, "error: {error}")?;
        return Ok(exit_codes::USAGE);
    }
    match arguments.command.unwrap_or(Command::Run) {
        Command::Contracts(Contracts::Write(folder)) => service.write_contracts(folder.dir, out, errors),
        Command::Contracts(Contracts::Check(folder)) => service.check_contracts(folder.dir, out, errors),
        Command::Run => run::run(service, beside, errors),
        Command::Manifest => {
            serde_json::to_writer_pretty(&mut *out, &service.manifest())?;
            writeln!(out)?;
            Ok(exit_codes::OK)
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{Event, In, step};

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id", starts = "order")]
    struct OrderPlaced {
        order_id: String,
    }

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "mail.sent", version = "1.2", topic = "mails", key = "order_id", terminal, outbound)]
    struct MailSent {
        order_id: String,
    }

    async fn send(order: In<OrderPlaced>) -> Option<MailSent> {
        Some(MailSent { order_id: order.into_inner().order_id })
    }

    /// Exit code, standard output, standard error.
    fn run(service: Service, arguments: &[&str]) -> (u8, String, String) {
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        let arguments = std::iter::once("mail").chain(arguments.iter().copied()).map(OsString::from);
        let code = answer(&service.into_definition(), arguments, |_, _| Ok(()), &mut out, &mut errors)
            .expect("memory takes all");
        (code, String::from_utf8(out).expect("text"), String::from_utf8(errors).expect("text"))
    }

    fn mail() -> Service {
        Service::new("mail", ())
            .owner("Post")
            .version("2.0")
            .step(step("send", send))
            .publishes::<OrderPlaced>()
    }

    #[test]
    fn help_is_an_answer_and_an_unknown_argument_a_refusal() {
        let (code, out, _) = run(mail(), &["--help"]);
        assert_eq!(code, exit_codes::OK);
        assert!(out.contains("Usage: mail"), "{out}");
        assert!(
            out.contains("manifest") && out.contains("contracts") && out.contains("Exit codes:"),
            "{out}"
        );
        let (code, out, errors) = run(mail(), &["walk"]);
        assert_eq!((code, out.as_str()), (exit_codes::USAGE, ""));
        assert!(errors.contains("walk"), "{errors}");
    }

    #[test]
    fn a_wrong_declaration_is_told_before_anything_else() {
        let (code, _, errors) = run(Service::new("Mail", ()).step(step("send", send)), &["manifest"]);
        assert_eq!(code, exit_codes::USAGE);
        assert!(errors.contains("its name is \"Mail\""), "{errors}");
    }

    #[test]
    fn contracts_are_written_then_checked_and_drift_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().to_str().expect("a path of text");
        let (code, out, errors) = run(mail(), &["contracts", "check", "--dir", dir]);
        assert_eq!(code, exit_codes::FINDINGS, "{out}{errors}");
        let (code, out, errors) = run(mail(), &["contracts", "write", "--dir", dir]);
        assert_eq!(code, exit_codes::OK, "{out}{errors}");
        assert!(out.contains("2 written, 0 unchanged"), "{out}");
        let (code, out, errors) = run(mail(), &["contracts", "check", "--dir", dir]);
        assert_eq!(code, exit_codes::OK, "{out}{errors}");

        let file = folder.path().join("mail.sent/1.2.json");
        let drifted = std::fs::read_to_string(&file).expect("written").replace("order_id", "other_id");
        std::fs::write(&file, drifted).expect("written");
        let (code, out, _) = run(mail(), &["contracts", "check", "--dir", dir]);
        assert_eq!(code, exit_codes::FINDINGS);
        assert!(out.contains("1.2.json"), "{out}");
        let (code, _, errors) = run(mail(), &["contracts", "write", "--dir", dir]);
        assert_eq!(code, exit_codes::FINDINGS);
        assert!(errors.contains("nothing was written"), "{errors}");
    }

    #[test]
    fn the_manifest_is_json_and_always_the_same() {
        let (code, out, _) = run(mail(), &["manifest"]);
        assert_eq!(code, exit_codes::OK);
        assert_eq!(out, run(mail(), &["manifest"]).1);
        let manifest: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        let mut step = manifest["steps"][0].clone();
        assert_eq!(step["consumes"][0]["schema"].take()["properties"]["order_id"]["type"], "string");
        assert_eq!(step["emits"][0]["schema"].take()["$id"], "urn:contract:mail.sent/1.2");
        assert_eq!(
            step,
            serde_json::json!({
                "name": "send",
                "group": "mail.send",
                "consumes": [{"type": "order.placed", "major": 1, "topic": "orders", "schema": null}],
                "emits": [{
                    "type": "mail.sent", "version": "1.2", "topic": "mails", "key": "order_id",
                    "terminal": true, "external": false, "outbound": true, "schema": null,
                }],
                "emits_shape": {"optional": {"one": "mail.sent.v1"}},
                "starts": [],
                "deadline_ms": null,
                "timeout_ms": 60_000,
                "concurrency": 64,
                "from": "earliest",
                "retry": {
                    "attempts": 5, "first_ms": 100, "cap_ms": 10_000, "jitter": "full", "longest_block_ms": 301_500,
                },
                "retry_topic": "mail.send.retry",
                "dead_letter_topic": "mail.send.dlq",
            })
        );
        assert_eq!(
            (&manifest["manifest"], &manifest["owner"], &manifest["version"]),
            (&serde_json::json!(1), &serde_json::json!("Post"), &serde_json::json!("2.0"))
        );
        assert_eq!(manifest["publishes"][0]["starts_workflow"], "order");
        let topics: Vec<&str> = manifest["topics"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|it| it["name"].as_str())
            .collect();
        assert_eq!(topics, ["mail.send.dlq", "mail.send.retry", "mails", "orders"]);
        let kept =
            serde_json::json!({"cleanup.policy": "delete", "retention.bytes": "-1", "retention.ms": "-1"});
        assert_eq!(manifest["topics"][0]["settings"], kept);
        assert_eq!(manifest["topics"][3]["access"], serde_json::json!(["read", "write"]));
    }
}
