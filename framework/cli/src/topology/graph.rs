//! `choreograph topology graph`.

use choreograph_topology::Choreography;
use choreograph_topology::graph::Picture;

use super::inputs::Inputs;
use crate::Failure;
use crate::args::{Drawing, Format, Graph};

pub(super) fn run(args: &Graph, format: Format) -> Result<String, Failure> {
    let inputs = Inputs::read(&args.manifests)?;
    let picture = Picture::of(&Choreography::new(&inputs.manifests));
    let default = if format == Format::Json { Drawing::Json } else { Drawing::Mermaid };
    match args.form.unwrap_or(default) {
        Drawing::Mermaid => Ok(picture.mermaid()),
        Drawing::Dot => Ok(picture.dot()),
        Drawing::Svg => picture.svg().map_err(|error| Failure::usage(error.to_string())),
        Drawing::Json => super::asyncapi::pretty(&picture),
    }
}
