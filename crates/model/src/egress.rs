use serde::{Deserialize, Serialize};

/// The way out of a workspace. The order is the order of strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
    /// Everything but this machine's inside.
    #[default]
    Open,
    /// Package registries only, through the server.
    Registries,
    /// Nothing: for an examination.
    None,
}

impl Egress {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Registries => "registries",
            Self::None => "none",
        }
    }
}

impl std::str::FromStr for Egress {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "open" => Ok(Self::Open),
            "registries" => Ok(Self::Registries),
            "none" => Ok(Self::None),
            other => Err(format!("way out {other:?}: use open, registries or none")),
        }
    }
}
