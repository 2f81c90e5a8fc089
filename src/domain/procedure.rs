//! Procedures that the advisory desk helps with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Procedures that the desk helps with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Procedure {
    /// Cấp giấy chứng nhận quyền sử dụng đất lần đầu.
    LandCertificate,
    /// Chuyển nhượng, tặng cho, thừa kế.
    LandTransfer,
    /// Tách thửa, hợp thửa.
    LandSplit,
    /// Chuyển mục đích sử dụng đất.
    LandUseChange,
    /// Bồi thường, hỗ trợ, tái định cư.
    Compensation,
    /// Giấy phép xây dựng.
    BuildingPermit,
    /// Dịch vụ số: định danh, cổng dịch vụ công, thanh toán.
    DigitalService,
    /// Anything else.
    Other,
}

impl Procedure {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::LandCertificate,
        Self::LandTransfer,
        Self::LandSplit,
        Self::LandUseChange,
        Self::Compensation,
        Self::BuildingPermit,
        Self::DigitalService,
        Self::Other,
    ];

    /// The name used in addresses and JSON; its text in the catalogue is `procedure-` and this.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LandCertificate => "land-certificate",
            Self::LandTransfer => "land-transfer",
            Self::LandSplit => "land-split",
            Self::LandUseChange => "land-use-change",
            Self::Compensation => "compensation",
            Self::BuildingPermit => "building-permit",
            Self::DigitalService => "digital-service",
            Self::Other => "other-procedure",
        }
    }

    /// The one with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|procedure| procedure.as_str() == name)
    }
}
