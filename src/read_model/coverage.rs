//! Which hamlets community digital teams serve, and which none.

use super::image::Image;
use crate::domain::Code;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Moment, View};
use crate::domain::unit::UnitId;
use crate::words::fold::fold;

/// The teams of a unit, and its hamlets with those that serve each.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// The unit.
    pub unit: UnitId,
    /// Its teams.
    pub teams: Vec<View>,
    /// Its hamlets, each with the codes of the teams that serve it.
    pub hamlets: Vec<(String, Vec<Code>)>,
}

impl Coverage {
    /// Hamlets that no team serves.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.hamlets.iter().filter(|(_, teams)| teams.is_empty()).map(|(name, _)| name.as_str())
    }
}

impl Image {
    /// Units of today with their digital teams and hamlets.
    pub fn coverage(&self, moment: &Moment) -> Vec<Coverage> {
        let teams = self.collection("digital-teams").filter_map(|(_, entry)| entry.item.view(None, moment));
        let teams: Vec<View> = teams.filter(|view| view.status == Status::InForce).collect();
        let of = |unit: &UnitId| {
            let own: Vec<View> = teams.iter().filter(|view| self.concerns(view, unit, moment.today)).cloned().collect();
            let serves = |view: &View, name: &str| {
                let listed = view.told("hamlets").unwrap_or_default();
                // A team that names no hamlet serves the whole unit.
                listed.is_empty() || listed.split(", ").any(|one| fold(one) == fold(name))
            };
            let names = self.city.hamlets.get(unit).into_iter().flatten();
            let hamlets = names.map(|name| (name.clone(), own.iter().filter(|view| serves(view, name)).map(|view| view.code).collect()));
            Coverage { unit: unit.clone(), hamlets: hamlets.collect(), teams: own }
        };
        self.city.units.valid_on(moment.today).map(|unit| of(&unit.id)).collect()
    }
}
