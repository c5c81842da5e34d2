//! Coordinates: each point near the middle of its neighbours, in the order of its layer, without overlap.

use super::layers::Grid;

/// Space between neighbours of a layer, between layers, and around the drawing.
const BESIDE: f64 = 18.0;
const BETWEEN: f64 = 34.0;
const MARGIN: f64 = 24.0;

/// How often positions are drawn towards their neighbours.
const SWEEPS: usize = 80;

/// How much more a straight edge weighs than a node in the middle.
const STRAIGHT: f64 = 32.0;

/// The centre of each point, and the size of it all.
#[derive(Debug)]
pub(super) struct Positions {
    pub(super) centres: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
}

pub(super) fn coordinates(grid: &Grid) -> Positions {
    let mut x = vec![0.0; grid.sizes.len()];
    for layer in &grid.layers {
        let mut at = 0.0;
        for &point in layer {
            x[point] = at + grid.sizes[point].0 / 2.0;
            at += grid.sizes[point].0 + BESIDE;
        }
    }
    for sweep in 0..SWEEPS {
        let order: Vec<usize> = if sweep % 2 == 0 {
            (0..grid.layers.len()).collect()
        } else {
            (0..grid.layers.len()).rev().collect()
        };
        for layer in order {
            align(grid, layer, &mut x);
        }
    }
    let left = edge_of(grid, &x, |x, half| x - half).fold(f64::INFINITY, f64::min);
    let right = edge_of(grid, &x, |x, half| x + half).fold(0.0, f64::max);
    let left = if left.is_finite() { left } else { 0.0 };

    let mut y = MARGIN;
    let mut centres = vec![(0.0, 0.0); grid.sizes.len()];
    for layer in &grid.layers {
        let height = layer.iter().map(|point| grid.sizes[*point].1).fold(0.0, f64::max);
        for &point in layer {
            centres[point] = (x[point] - left + MARGIN, y + height / 2.0);
        }
        y += height + BETWEEN;
    }
    Positions { centres, width: right - left + 2.0 * MARGIN, height: y - BETWEEN + MARGIN }
}

fn edge_of<'a>(
    grid: &'a Grid,
    x: &'a [f64],
    side: impl Fn(f64, f64) -> f64 + 'a,
) -> impl Iterator<Item = f64> + 'a {
    x.iter().zip(&grid.sizes).map(move |(x, size)| side(*x, size.0 / 2.0))
}

/// Moves the points of one layer to where their neighbours are, as near as their order and sizes allow: the least
/// sum of squares, found by pooling neighbours that push each other.
fn align(grid: &Grid, layer: usize, x: &mut [f64]) {
    struct Pool {
        weight: f64,
        wanted: f64,
        count: usize,
    }
    let points = &grid.layers[layer];
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(points.len());
    let mut pools: Vec<Pool> = Vec::new();
    for (place, &point) in points.iter().enumerate() {
        if place > 0 {
            offset += f64::midpoint(grid.sizes[points[place - 1]].0, grid.sizes[point].0) + BESIDE;
        }
        offsets.push(offset);
        let (weight, wanted) = wish(grid, point, x);
        let mut pool = Pool { weight, wanted: wanted - offset, count: 1 };
        while let Some(before) = pools.pop_if(|before| before.wanted > pool.wanted) {
            let weight = before.weight + pool.weight;
            pool = Pool {
                weight,
                wanted: (before.wanted * before.weight + pool.wanted * pool.weight) / weight,
                count: before.count + pool.count,
            };
        }
        pools.push(pool);
    }
    let starts = pools.into_iter().flat_map(|pool| std::iter::repeat_n(pool.wanted, pool.count));
    for ((&point, offset), start) in points.iter().zip(offsets).zip(starts) {
        x[point] = start + offset;
    }
}

/// Where a point would be best, and how much it weighs.
fn wish(grid: &Grid, point: usize, x: &[f64]) -> (f64, f64) {
    let (mut weight, mut sum) = (0.0, 0.0);
    for &near in grid.above[point].iter().chain(&grid.below[point]) {
        let straight = if grid.is_lane(point) && grid.is_lane(near) { STRAIGHT } else { 1.0 };
        weight += straight;
        sum += straight * x[near];
    }
    if weight == 0.0 { (0.1, x[point]) } else { (weight, sum / weight) }
}
