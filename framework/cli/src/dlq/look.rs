//! `choreograph dlq list` and `dlq show`.

use super::open::{dead_letters, failure};
use super::progress::Bar;
use super::{json, text, which};
use crate::args::{DlqList, DlqShow, Format};
use crate::{Console, Exit, Failure, Output};

pub(super) fn list(args: &DlqList, format: Format, console: &mut Console<'_>) -> Result<Output, Failure> {
    let letters = dead_letters(&args.declared.manifests)?;
    let filter = which::filter(&args.which, &args.state);
    let limit = if args.group && format == Format::Text { 1 } else { usize::from(args.limit) };
    let list = letters.list(&filter, limit, args.cursor.clone(), &mut Bar::on(console)).map_err(failure)?;
    let exit = if list.open > 0 { Exit::Findings } else { Exit::Holds };
    let payloads = args.which.payloads;
    let text = match format {
        Format::Json => json::text(&json::list(&list, payloads)),
        _ if args.group => text::groups(&list),
        _ => text::list(&list, payloads),
    };
    Ok(Output::Answer(text, exit))
}

pub(super) fn show(args: &DlqShow, format: Format, console: &mut Console<'_>) -> Result<Output, Failure> {
    let letters = dead_letters(&args.declared.manifests)?;
    let letter = letters.one(args.id, &mut Bar::on(console)).map_err(failure)?;
    Ok(Output::Text(match format {
        Format::Json => json::text(&json::whole(&letter, args.payloads)),
        _ => text::whole(&letter, args.payloads),
    }))
}
