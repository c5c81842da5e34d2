//! The order of each layer: few crossings, by barycentres.

use super::layers::Grid;

/// How often the layers are gone through, down and up in turn. More changes nothing that is seen.
const SWEEPS: usize = 24;

/// Sorts each layer, and keeps the order with the fewest crossings.
pub(super) fn sort(grid: &mut Grid) {
    begin(grid);
    let mut best = (crossings(grid), grid.layers.clone());
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = if down {
            (1..grid.layers.len()).collect()
        } else {
            (0..grid.layers.len().saturating_sub(1)).rev().collect()
        };
        for layer in order {
            by_barycentre(grid, layer, down);
        }
        let now = crossings(grid);
        if now < best.0 {
            best = (now, grid.layers.clone());
        }
    }
    grid.layers = best.1;
}

/// A first order: each point below those it hangs on.
fn begin(grid: &mut Grid) {
    for layer in 1..grid.layers.len() {
        by_barycentre(grid, layer, true);
    }
}

fn by_barycentre(grid: &mut Grid, layer: usize, down: bool) {
    let beside = if down { layer - 1 } else { layer + 1 };
    let at = positions(grid, beside);
    let neighbours = if down { &grid.above } else { &grid.below };
    let mut keyed: Vec<(f64, usize)> = grid.layers[layer]
        .iter()
        .enumerate()
        .map(|(place, &point)| {
            let near = &neighbours[point];
            let sum: f64 = near.iter().map(|it| at[*it] as f64).sum();
            (if near.is_empty() { place as f64 } else { sum / near.len() as f64 }, point)
        })
        .collect();
    keyed.sort_by(|one, two| one.0.total_cmp(&two.0));
    grid.layers[layer] = keyed.into_iter().map(|(_, point)| point).collect();
}

/// For each point of a layer, its place in it.
fn positions(grid: &Grid, layer: usize) -> Vec<usize> {
    let mut at = vec![0; grid.sizes.len()];
    grid.layers[layer].iter().enumerate().for_each(|(place, &point)| at[point] = place);
    at
}

/// How many pairs of edges cross between neighbouring layers.
fn crossings(grid: &Grid) -> usize {
    (1..grid.layers.len())
        .map(|layer| {
            let at = positions(grid, layer - 1);
            let ends: Vec<usize> = grid.layers[layer]
                .iter()
                .flat_map(|&point| {
                    let mut ends: Vec<usize> = grid.above[point].iter().map(|it| at[*it]).collect();
                    ends.sort_unstable();
                    ends
                })
                .collect();
            inversions(ends, grid.layers[layer - 1].len())
        })
        .sum()
}

/// Pairs in the wrong order, counted with a Fenwick tree over `limit` values.
fn inversions(values: Vec<usize>, limit: usize) -> usize {
    let mut tree = vec![0_usize; limit + 1];
    let mut found = 0;
    for (before, value) in values.into_iter().enumerate() {
        let (mut at, mut not_greater) = (value + 1, 0);
        while at > 0 {
            not_greater += tree[at];
            at &= at - 1;
        }
        found += before - not_greater;
        let mut at = value + 1;
        while at <= limit {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn inversions_are_counted() {
        assert_eq!(super::inversions(vec![0, 1, 2], 3), 0);
        assert_eq!(super::inversions(vec![2, 1, 0], 3), 3);
        assert_eq!(super::inversions(vec![1, 1, 0, 2], 3), 2);
    }
}
