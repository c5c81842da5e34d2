//! `choreograph topology graph`.

use choreograph_topology::Choreography;
use choreograph_topology::graph::Picture;
use clap::ValueEnum;

use super::inputs::Inputs;
use super::printed::printed;
use crate::args::{Drawing, Format, Graph};
use crate::{Failure, Output};

pub(super) fn run(args: &Graph, format: Format) -> Result<Output, Failure> {
    let as_json = format == Format::Json;
    if let Some(form) = args.form.filter(|form| as_json && *form != Drawing::Json) {
        let form = form.to_possible_value().map_or_else(String::new, |form| form.get_name().to_owned());
        return Err(Failure::usage(format!("`--format json` draws no {form}"))
            .help(format!("say `--as {form}` alone, or `--format json` alone")));
    }
    let inputs = Inputs::read(&args.manifests)?;
    let picture = Picture::of(&Choreography::new(&inputs.manifests));
    let default = if as_json { Drawing::Json } else { Drawing::Mermaid };
    let (text, language) = match args.form.unwrap_or(default) {
        Drawing::Mermaid => (picture.mermaid(), "mermaid"),
        Drawing::Dot => (picture.dot(), "dot"),
        Drawing::Svg => (picture.svg().map_err(|error| Failure::usage(error.to_string()))?, "svg"),
        Drawing::Json => (super::asyncapi::pretty(&picture)?, "json"),
    };
    Ok(printed("topology graph", text, language, format))
}
