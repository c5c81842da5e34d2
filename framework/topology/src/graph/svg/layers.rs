//! Each node gets a layer, and each edge a point in every layer that it passes.

use std::collections::VecDeque;

use super::{MAX_POINTS, TooLarge};

/// The points of a drawing, in layers.
#[derive(Debug)]
pub(super) struct Grid {
    /// Width and height of each point: first the nodes, then the points of edges.
    pub(super) sizes: Vec<(f64, f64)>,
    /// The points of each layer, from left to right.
    pub(super) layers: Vec<Vec<usize>>,
    /// For each point, its neighbours in the layer above.
    pub(super) above: Vec<Vec<usize>>,
    /// For each point, its neighbours in the layer below.
    pub(super) below: Vec<Vec<usize>>,
    /// For each edge, the points that it goes through, from its begin to its end.
    pub(super) routes: Vec<Vec<usize>>,
}

/// How wide the lane of an edge is that passes a layer.
const LANE: f64 = 14.0;

impl Grid {
    pub(super) fn of(sizes: Vec<(f64, f64)>, edges: &[(usize, usize)]) -> Result<Self, TooLarge> {
        let count = sizes.len();
        if count > MAX_POINTS {
            return Err(TooLarge);
        }
        let turned = turned_round(count, edges);
        let downward: Vec<(usize, usize)> = edges
            .iter()
            .zip(&turned)
            .map(|(&(from, to), turned)| if *turned { (to, from) } else { (from, to) })
            .collect();
        let layer = layers(count, &downward);
        let depth = layer.iter().copied().max().map_or(0, |deepest| deepest + 1);
        let mut grid = Self {
            sizes,
            layers: vec![Vec::new(); depth],
            above: vec![Vec::new(); count],
            below: vec![Vec::new(); count],
            routes: Vec::new(),
        };
        layer.iter().enumerate().for_each(|(node, &layer)| grid.layers[layer].push(node));
        for (&(from, to), turned) in downward.iter().zip(turned) {
            grid.route(from, to, turned, &layer)?;
        }
        Ok(grid)
    }

    fn route(&mut self, from: usize, to: usize, turned: bool, layer: &[usize]) -> Result<(), TooLarge> {
        let mut route = vec![from];
        let mut last = from;
        if from != to {
            for passed in layer[from] + 1..layer[to] {
                let point = self.sizes.len();
                if point >= MAX_POINTS {
                    return Err(TooLarge);
                }
                self.sizes.push((LANE, 0.0));
                self.above.push(Vec::new());
                self.below.push(Vec::new());
                self.layers[passed].push(point);
                self.connect(last, point);
                route.push(point);
                last = point;
            }
            self.connect(last, to);
        }
        route.push(to);
        if turned {
            route.reverse();
        }
        self.routes.push(route);
        Ok(())
    }

    fn connect(&mut self, upper: usize, lower: usize) {
        self.below[upper].push(lower);
        self.above[lower].push(upper);
    }

    /// Whether a point belongs to an edge.
    pub(super) fn is_lane(&self, point: usize) -> bool {
        self.sizes[point].1 == 0.0
    }
}

/// For each edge whether it closes a cycle, on a walk that begins where nothing comes before.
fn turned_round(count: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut out: Vec<Vec<(usize, usize)>> = vec![Vec::new(); count];
    let mut has_cause = vec![false; count];
    for (edge, &(from, to)) in edges.iter().enumerate() {
        out[from].push((edge, to));
        has_cause[to] = true;
    }
    let mut turned = vec![false; edges.len()];
    let mut open = vec![false; count];
    let mut seen = vec![false; count];
    let roots = (0..count).filter(|node| !has_cause[*node]).chain(0..count);
    for root in roots {
        if seen[root] {
            continue;
        }
        (seen[root], open[root]) = (true, true);
        // A stack of its own: a chain of events may be longer than the thread's stack is deep.
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.pop() {
            let Some(&(edge, to)) = out[node].get(next) else {
                open[node] = false;
                continue;
            };
            path.push((node, next + 1));
            if open[to] {
                turned[edge] = true;
            } else if !seen[to] {
                (seen[to], open[to]) = (true, true);
                path.push((to, 0));
            }
        }
    }
    turned
}

/// Each node as high as those before it allow; then what nothing comes before as low as what follows allows.
fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waiting = vec![0_usize; count];
    for &(from, to) in edges.iter().filter(|(from, to)| from != to) {
        out[from].push(to);
        waiting[to] += 1;
    }
    let sources: Vec<usize> = (0..count).filter(|node| waiting[*node] == 0).collect();
    let mut layer = vec![0_usize; count];
    let mut ready: VecDeque<usize> = sources.iter().copied().collect();
    while let Some(node) = ready.pop_front() {
        for &to in &out[node] {
            layer[to] = layer[to].max(layer[node] + 1);
            waiting[to] -= 1;
            if waiting[to] == 0 {
                ready.push_back(to);
            }
        }
    }
    for source in sources {
        let highest = out[source].iter().map(|to| layer[*to]).min();
        layer[source] = highest.map_or(0, |highest| highest.saturating_sub(1));
    }
    layer
}
