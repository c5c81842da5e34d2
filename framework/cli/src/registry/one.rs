//! `registry list`, `registry get` and `registry delete`.

use serde_json::{Value, json};

use super::{Client, Stored};
use crate::Failure;
use crate::args::{Delete, Get};
use crate::format::one_line;
use crate::report::Report;

/// Every subject with its versions.
pub(super) fn list(client: &Client) -> Result<Report, Failure> {
    let subjects = client.subjects()?;
    let mut lines = Vec::new();
    let mut listed = Vec::new();
    for subject in subjects {
        let versions = client.versions(&subject)?;
        let numbers: Vec<String> = versions.iter().map(u32::to_string).collect();
        lines.push(format!("{}  {}", one_line(&subject), numbers.join(", ")));
        listed.push(json!({ "subject": subject, "versions": versions }));
    }
    let summary = vec![format!("{}: {} subjects", client.url(), listed.len())];
    let json = json!({ "command": "registry list", "url": client.url(), "subjects": listed });
    let page = (!lines.is_empty()).then(|| lines.join("\n"));
    Ok(Report { command: "registry list", page, findings: Vec::new(), summary, json })
}

/// One schema.
pub(super) fn get(client: &Client, args: &Get) -> Result<Report, Failure> {
    let stored = match (args.id, &args.guid, &args.subject) {
        (Some(id), ..) => client.by_id(id)?,
        (None, Some(guid), _) => client.by_guid(guid)?,
        (None, None, Some(subject)) => client.version(subject, args.version)?,
        (None, None, None) => return Err(Failure::usage("one of --id, --guid and --subject is needed")),
    };
    Ok(shown(client, &stored))
}

fn shown(client: &Client, stored: &Stored) -> Report {
    let schema: Value = serde_json::from_str(&stored.schema).unwrap_or_else(|_| json!(stored.schema));
    let page = serde_json::to_string_pretty(&schema).unwrap_or_else(|_| stored.schema.clone());
    let kind = stored.schema_type.as_deref().unwrap_or("AVRO");
    let json = json!({
        "command": "registry get",
        "url": client.url(),
        "subject": stored.subject,
        "version": stored.version,
        "id": stored.id,
        "guid": stored.guid,
        "schemaType": kind,
        "schema": schema,
    });
    Report { command: "registry get", page: Some(page), findings: Vec::new(), summary: Vec::new(), json }
}

/// Deletes softly, and only if it is really meant: without that, not even the credentials are read.
pub(super) fn delete(args: &Delete, client: impl Fn() -> Result<Client, Failure>) -> Result<Report, Failure> {
    let what = match args.version {
        Some(version) => format!("version {version} of `{}`", args.subject),
        None => format!("`{}` with all its versions", args.subject),
    };
    if !args.yes {
        return Err(Failure::usage(format!("nothing was deleted: this would delete {what}"))
            .help("say `--yes` if that is what you want"));
    }
    let client = client()?;
    let gone = client.delete(&args.subject, args.version)?;
    let done = match gone {
        Some(_) => format!("deleted {what} (softly: it can be restored)"),
        None => format!("{what} is not there (any more): the registry gave no answer before it said so"),
    };
    let versions = gone.unwrap_or_default();
    let json = json!({
        "command": "registry delete", "url": client.url(), "subject": args.subject, "versions": versions,
    });
    let summary = vec![format!("{}: {done}", client.url())];
    Ok(Report { command: "registry delete", page: None, findings: Vec::new(), summary, json })
}
