//! "Did you mean": the nearest of some names.

/// The candidate nearest to `word`, where one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let allowed = (lower.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase(), allowed + 1), candidate))
        .filter(|&(far, _)| far <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance with transposed neighbours counted as one (optimal string alignment), not beyond `limit`.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) >= limit || a.len() > 128 {
        return limit;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()].min(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(nearest("contianerPort", ["containerPort", "hostPort", "name"]), Some("containerPort"));
        assert_eq!(nearest("secretKetRef", ["secretKeyRef", "configMapKeyRef"]), Some("secretKeyRef"));
        assert_eq!(nearest("Image", ["image", "imagePullPolicy"]), Some("image"));
        assert_eq!(nearest("volumes", ["image", "ports"]), None);
    }
}
