//! The section `[screening]`: from which share on ownership is control.

use countersign_policy::screening::ownership::OwnershipRule;
use serde::Deserialize;

/// When ownership is control, for screening.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Screening {
    /// The rule to begin with.
    pub preset: OwnershipPreset,
    /// The least share in percent, in the place of the preset's.
    pub percent_min: Option<u8>,
    /// Whether the shares of several count together, in the place of what the preset says.
    pub aggregate: Option<bool>,
}

/// A rule of ownership by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
pub enum OwnershipPreset {
    /// [`OwnershipRule::HALF`].
    #[default]
    #[serde(rename = "us_dsp_50")]
    UsDsp50,
    /// [`OwnershipRule::PADFA`].
    #[serde(rename = "padfa_20")]
    Padfa20,
}

impl Screening {
    /// The rule that all three settings come to.
    #[must_use]
    pub fn rule(&self) -> OwnershipRule {
        let preset = match self.preset {
            OwnershipPreset::UsDsp50 => OwnershipRule::HALF,
            OwnershipPreset::Padfa20 => OwnershipRule::PADFA,
        };
        OwnershipRule {
            percent_min: self.percent_min.unwrap_or(preset.percent_min),
            aggregate: self.aggregate.unwrap_or(preset.aggregate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_settings_take_the_place_of_the_presets() {
        let rule = |text| countersign_toml::parse::<Screening>(text).unwrap().rule();
        assert_eq!(rule(""), OwnershipRule::HALF);
        assert_eq!(rule("preset = 'padfa_20'"), OwnershipRule::PADFA);
        let stricter = OwnershipRule { percent_min: 25, aggregate: true };
        assert_eq!(rule("percent_min = 25"), stricter);
        let alone = OwnershipRule { percent_min: 20, aggregate: false };
        assert_eq!(rule("preset = 'padfa_20'\naggregate = false"), alone);
        assert!(countersign_toml::parse::<Screening>("preset = 'us_50'").is_err());
    }
}
