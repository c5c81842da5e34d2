//! The commands `contracts write` and `contracts check`: files beside the code, written from it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use choreograph_contracts::{ContractFile, ContractId, EventVersion, Finding, SchemaDir, WriteError};

use crate::emits::EmittedEvent;
use crate::service::{ServiceDef, exit_codes};

impl ServiceDef {
    /// Every event type that the service owns, once each, by name and version: what its steps emit or start, and what
    /// it publishes outside of them.
    pub(crate) fn owned_events(&self) -> Vec<EmittedEvent> {
        let of_steps = self.steps.iter().flat_map(|step| step.emits.iter().chain(&step.starts));
        let all = of_steps.chain(&self.publishes);
        let by_version: BTreeMap<_, _> =
            all.map(|event| ((event.name, event.major, event.minor), *event)).collect();
        by_version.into_values().collect()
    }

    fn contract_files(&self) -> Vec<ContractFile<'static>> {
        let file = |event: &EmittedEvent| {
            // A name that is no event's does not compile: see `schema::writer`.
            let id = ContractId::new(event.name, event.major, event.minor).ok()?;
            Some(ContractFile { id, schema: (event.writer_schema)() })
        };
        self.owned_events().iter().filter_map(file).collect()
    }

    /// Writes the contracts of the service's own events.
    pub(crate) fn write_contracts(
        &self,
        dir: PathBuf,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> io::Result<u8> {
        match SchemaDir::new(dir).write(&self.contract_files()) {
            Ok(written) => {
                for file in &written.files {
                    writeln!(out, "wrote {}", file.display())?;
                }
                writeln!(out, "{} written, {} unchanged", written.files.len(), written.unchanged)?;
                Ok(exit_codes::OK)
            }
            Err(WriteError::Refused(findings)) => {
                report(&findings, out)?;
                writeln!(errors, "error: nothing was written: {} to mend first", count(findings.len()))?;
                Ok(exit_codes::FINDINGS)
            }
            Err(WriteError::Io { path, source }) => {
                writeln!(errors, "error: cannot write {}: {source}", path.display())?;
                Ok(exit_codes::COULD_NOT_COMPLETE)
            }
        }
    }

    /// Compares the files with the code: the contracts of own events, and every view with what was published.
    pub(crate) fn check_contracts(
        &self,
        dir: PathBuf,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> io::Result<u8> {
        let dir = SchemaDir::new(dir);
        let files = self.contract_files();
        let mut findings = dir.check(&files);
        let mut views = 0;
        for event in self.steps.iter().flat_map(|step| &step.consumes) {
            let Ok(version) = EventVersion::new(event.name, event.major) else { continue };
            views += 1;
            let found = dir.check_view(&(event.reader_schema)(), version);
            findings
                .extend(found.into_iter().filter(|finding| !findings.contains(finding)).collect::<Vec<_>>());
        }
        if findings.is_empty() {
            writeln!(
                out,
                "{} contracts and {views} readers agree with {}",
                files.len(),
                dir.root().display()
            )?;
            return Ok(exit_codes::OK);
        }
        report(&findings, out)?;
        writeln!(errors, "error: {} in {}", count(findings.len()), dir.root().display())?;
        Ok(exit_codes::FINDINGS)
    }
}

fn report(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))
}

fn count(findings: usize) -> String {
    if findings == 1 { "1 finding".to_owned() } else { format!("{findings} findings") }
}
