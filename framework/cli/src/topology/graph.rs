//! `choreograph topology graph`.

use choreograph_topology::Choreography;
use choreograph_topology::graph::Picture;
use clap::ValueEnum;

use super::inputs::Inputs;
use crate::Failure;
use crate::args::{Drawing, Format, Graph};
use crate::locate::is_json;

pub(super) fn run(args: &Graph, format: Format) -> Result<String, Failure> {
    let as_json = is_json(format, "topology graph")?;
    if let Some(form) = args.form.filter(|form| as_json && *form != Drawing::Json) {
        let form = form.to_possible_value().map_or_else(String::new, |form| form.get_name().to_owned());
        return Err(Failure::usage(format!("`--format json` draws no {form}"))
            .help(format!("say `--as {form}` alone, or `--format json` alone")));
    }
    let inputs = Inputs::read(&args.manifests)?;
    let picture = Picture::of(&Choreography::new(&inputs.manifests));
    let default = if as_json { Drawing::Json } else { Drawing::Mermaid };
    match args.form.unwrap_or(default) {
        Drawing::Mermaid => Ok(picture.mermaid()),
        Drawing::Dot => Ok(picture.dot()),
        Drawing::Svg => picture.svg().map_err(|error| Failure::usage(error.to_string())),
        Drawing::Json => super::asyncapi::pretty(&picture),
    }
}
