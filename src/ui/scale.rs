//! Axes: ticks, and the positions of values.

/// An axis from `low` to `high`, linear or logarithmic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// An axis over these values. An empty or single-valued range is widened; a logarithmic axis ignores values of zero
    /// or less and starts at the smallest positive one.
    pub fn over(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let (low, high) = values
            .filter(|v| v.is_finite() && (!log || *v > 0.0))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        if low > high {
            return Self { low: if log { 1.0 } else { 0.0 }, high: if log { 10.0 } else { 1.0 }, log };
        }
        if low < high {
            return Self { low, high, log };
        }
        let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        Self { low: low - if log { low * 0.1 } else { room }, high: high + room, log }
    }

    /// An axis between two distinct values.
    pub fn between(low: f64, high: f64) -> Self {
        Self::over([low, high].into_iter(), false)
    }

    pub fn low(&self) -> f64 {
        self.low
    }

    pub fn high(&self) -> f64 {
        self.high
    }

    /// Position of `value`: 0 at the lower end, 1 at the upper, outside of 0..=1 beyond them. None if it has none.
    pub fn place(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.log && value <= 0.0) {
            return None;
        }
        let at = |v: f64| if self.log { v.log10() } else { v };
        Some((at(value) - at(self.low)) / (at(self.high) - at(self.low)))
    }

    /// The value at position `place`, the inverse of [`Scale::place`].
    pub fn value(&self, place: f64) -> f64 {
        if self.log {
            10f64.powf(self.low.log10() + place * (self.high.log10() - self.low.log10()))
        } else {
            self.low + place * (self.high - self.low)
        }
    }

    /// Up to `count` round values along the axis (none if `count` is below two), ascending: powers of ten, or multiples
    /// of 1, 2 or 5.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        if count < 2 {
            return Vec::new();
        }
        if self.log {
            return self.decades(count);
        }
        let span = self.high - self.low;
        let rough = span / (count - 1) as f64;
        let base = 10f64.powf(rough.log10().floor());
        let Some(step) = [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * base).find(|s| span / s <= (count - 1) as f64) else {
            return Vec::new();
        };
        let first = (self.low / step).ceil();
        (0..=count)
            .map(|i| (first + i as f64) * step)
            .take_while(|v| *v <= self.high + step * 1e-9)
            // Avoid `-0` and rounding errors of binary fractions.
            .map(|v| if v.abs() < step * 1e-9 { 0.0 } else { v })
            .take(count)
            .collect()
    }

    fn decades(&self, count: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10().ceil() as i32, self.high.log10().floor() as i32);
        if first > last {
            return [self.low, self.high].into_iter().take(count).collect();
        }
        let every = ((last - first) as usize / count).max(1);
        (first..=last).step_by(every).take(count).map(|e| 10f64.powi(e)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(Scale::between(0.0, 100.0).ticks(6), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(Scale::between(0.0, 1.0).ticks(3), [0.0, 0.5, 1.0]);
        assert_eq!(Scale::between(-3.0, 12.0).ticks(4), [0.0, 5.0, 10.0]);
        assert_eq!(Scale::over([0.001, 50.0].into_iter(), true).ticks(9), [0.001, 0.01, 0.1, 1.0, 10.0]);
    }

    #[test]
    fn what_has_no_place_gets_none() {
        let log = Scale::over([0.0, -1.0, 1.0, 100.0].into_iter(), true);
        assert_eq!((log.place(0.0), log.place(f64::NAN)), (None, None));
        assert_eq!(log.place(10.0), Some(0.5));
    }

    #[test]
    fn nothing_and_one_value_still_make_an_axis() {
        for scale in [
            Scale::over(std::iter::empty(), false),
            Scale::over(std::iter::empty(), true),
            Scale::over([7.0].into_iter(), false),
            Scale::over([0.0].into_iter(), false),
            Scale::over([7.0].into_iter(), true),
        ] {
            assert!(scale.low() < scale.high(), "{scale:?}");
        }
    }

    proptest! {
        #[test]
        fn places_and_values_are_inverse(low in -1e6f64..1e6, span in 1e-3f64..1e6, at in 0f64..1.0) {
            let scale = Scale::between(low, low + span);
            let there = scale.place(scale.value(at)).unwrap_or(f64::NAN);
            prop_assert!((there - at).abs() < 1e-6, "{there} {at}");
        }

        #[test]
        fn ticks_lie_on_the_axis(low in -1e9f64..1e9, span in 1e-6f64..1e9, count in 0usize..12) {
            let scale = Scale::between(low, low + span);
            let ticks = scale.ticks(count);
            prop_assert!(ticks.len() <= count);
            prop_assert!(ticks.iter().all(|t| scale.place(*t).is_some_and(|p| (-1e-6..=1.0 + 1e-6).contains(&p))), "{ticks:?}");
        }
    }
}
