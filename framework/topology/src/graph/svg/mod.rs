//! SVG, laid out here: layers from top to bottom, in the way of Sugiyama, Tagawa and Toda (1981).
//!
//! `layers` turns cycles round and gives each node its layer; `order` puts the nodes of each layer side by side so
//! that few edges cross; `place` gives them coordinates; `draw` writes the text. Each is deterministic.

mod draw;
mod layers;
mod order;
mod place;

use super::picture::Picture;

/// How many points a drawing may have: nodes, and one for each layer that an edge passes.
pub const MAX_POINTS: usize = 20_000;

/// How many edges a drawing may have. Each is a line, also where it passes no layer.
pub const MAX_EDGES: usize = 20_000;

/// Why a picture is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the picture has more than {MAX_POINTS} points or {MAX_EDGES} edges, which nobody can read: draw fewer services, or print it as \
     DOT"
)]
pub struct TooLarge;

impl Picture {
    /// The picture as an SVG document of its own, without scripts and without links.
    ///
    /// # Errors
    ///
    /// [`TooLarge`], if it would have more than [`MAX_POINTS`] points or [`MAX_EDGES`] edges.
    pub fn svg(&self) -> Result<String, TooLarge> {
        if self.edges.len() > MAX_EDGES {
            return Err(TooLarge);
        }
        let sizes: Vec<(f64, f64)> = self.nodes.iter().map(|node| draw::size(&node.kind)).collect();
        let places = self.places();
        let edges: Vec<(usize, usize)> = self
            .edges
            .iter()
            .filter_map(|edge| Some((*places.get(edge.from.as_str())?, *places.get(edge.to.as_str())?)))
            .collect();
        let mut grid = layers::Grid::of(sizes, &edges)?;
        order::sort(&mut grid);
        let positions = place::coordinates(&grid);
        Ok(draw::document(self, &grid, &positions))
    }
}

#[cfg(test)]
mod tests;
