//! Which weights go. No pointer is in sight here, so that this file can be tested by itself: `cargo test`.

/// Sums of squared scores: of what was set to zero, and of all.
pub struct Pruned {
    pub lost: f64,
    pub total: f64,
}

/// Sets the lowest scores `|w_ij| norms[j]` of each row to zero, or, with `group > 0`, those of each run of
/// `group` columns; of `n` weights `floor(sparsity * n)`. Among equal scores the left ones go first.
pub fn prune(weights: &mut [f32], norms: &[f64], sparsity: f64, group: usize) -> Pruned {
    let mut sums = Pruned { lost: 0.0, total: 0.0 };
    if norms.is_empty() {
        return sums;
    }
    let width = if group == 0 { norms.len() } else { group };
    // Where no token came, all inputs count the same.
    let unused = norms.iter().all(|norm| *norm == 0.0);
    for row in weights.chunks_mut(norms.len()) {
        for (run, norms) in row.chunks_mut(width).zip(norms.chunks(width)) {
            let scores: Vec<f64> = run
                .iter()
                .zip(norms)
                .map(|(weight, norm)| f64::from(weight.abs()) * if unused { 1.0 } else { *norm })
                .collect();
            sums.total += scores.iter().map(|score| score * score).sum::<f64>();
            let mut order: Vec<usize> = (0..run.len()).collect();
            order.sort_by(|left, right| scores[*left].total_cmp(&scores[*right])); // stable
            for index in &order[..(sparsity * run.len() as f64) as usize] {
                sums.lost += scores[*index] * scores[*index];
                run[*index] = 0.0;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_four_go_by_score() {
        let mut weights = [1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0];
        let sums = prune(&mut weights, &[9.0, 1.0, 1.0, 1.0], 0.5, 4);
        assert_eq!(weights, [1.0, 0.0, 0.0, 4.0, 4.0, 3.0, 0.0, 0.0]);
        assert_eq!(sums.lost, 4.0 + 9.0 + 4.0 + 1.0);
    }

    #[test]
    fn a_short_last_group_is_rounded_down() {
        let mut weights = [1.0, 2.0, 3.0, 4.0, 5.0];
        prune(&mut weights, &[1.0; 5], 0.5, 4);
        assert_eq!(weights, [0.0, 0.0, 3.0, 4.0, 5.0]);
    }
}
