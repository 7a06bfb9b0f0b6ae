//! The decision about access: the smallest set of changes that makes the file true, and what stands against it.

use crate::error::{Error, Kind, Result};
use crate::model::nearest::nearest;
use crate::model::roles::{Edit, Holder, Place, check_role};
use crate::plan::access::facts::{Facts, Held, KnownPlace, Managed, Member};
use crate::plan::access::file::{AccessFile, WantedList, WantedRole};

/// Whether those who are not in a list lose their role at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// They keep it.
    Off,
    /// They lose it.
    On,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessPlan {
    /// The changes: first those that make somebody an owner, late those that take that away, those of the run's own token last.
    pub changes: Vec<Change>,
    /// How many named roles are so already.
    pub unchanged: usize,
    /// What is left alone although the file could mean otherwise.
    pub warnings: Vec<String>,
}

/// Changes of one user, team or token that are written together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its kind.
    pub holder: Holder,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What changes, at least one.
    pub steps: Vec<Step>,
}

/// One changed role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The place as people call it.
    pub place: String,
    /// The role before.
    pub from: Option<String>,
    /// The change.
    pub edit: Edit,
}

impl Change {
    /// Returns the edits of all its steps.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        self.steps.iter().map(|step| step.edit.clone()).collect()
    }
}

impl Step {
    /// Returns whether it makes somebody an owner of its place.
    #[must_use]
    pub fn makes_owner(&self) -> bool {
        self.edit.place.owner_role().is_some_and(|owner| self.edit.role.as_deref() == Some(owner))
    }

    /// Returns whether somebody is no owner of its place any more.
    #[must_use]
    pub fn ends_owner(&self) -> bool {
        !self.makes_owner() && self.edit.place.owner_role().is_some_and(|owner| self.from.as_deref() == Some(owner))
    }
}

/// Decides. `name` is what errors call the file.
///
/// # Errors
/// With the line in the file: `Kind::NotFound` for somebody who is not there, `Kind::Usage` for an unknown role or somebody
/// named twice. `Kind::Refused` when the Organization or a Workspace would lose its last owner.
pub fn plan(file: &AccessFile, facts: &Facts, prune: Prune, name: &str) -> Result<AccessPlan> {
    named_once(file, facts, name)?;
    let mut plan = AccessPlan::default();
    for list in &file.lists {
        let place = known(facts, list)?;
        let mut named = Vec::new();
        for entry in &list.entries {
            let at = |error: Error| placed(error, name, entry);
            check_role(&entry.role, &place.roles, &place.place).map_err(at)?;
            let member = member(facts, list.holder, &entry.who).map_err(at)?;
            if named.contains(&member.id.as_str()) {
                return Err(
                    at(Error::new(Kind::Usage, "tell who is meant").because(format!("`{}` is named twice", member.name))),
                );
            }
            named.push(&member.id);
            let from = held(place, list.holder, &member.id);
            if from == Some(&entry.role) {
                plan.unchanged += 1;
            } else {
                plan.add(member, place, Some(entry.role.clone()));
            }
        }
        if prune == Prune::On {
            plan.prune(facts, (list, place), &named);
        }
    }
    for place in &facts.places {
        keep_an_owner(place, facts, &plan)?;
    }
    plan.changes = plan.changes.into_iter().flat_map(parted).collect();
    plan.changes.sort_by_key(|change| (facts.own_token.as_ref() == Some(&change.id), turn(change), change.holder));
    Ok(plan)
}

/// Returns a change in two where it makes somebody an owner at one place and ends that at another.
fn parted(change: Change) -> Vec<Change> {
    let (late, early): (Vec<Step>, Vec<Step>) = change.steps.iter().cloned().partition(Step::ends_owner);
    if change.holder == Holder::Token || late.is_empty() || !early.iter().any(Step::makes_owner) {
        return vec![change];
    }
    vec![Change { steps: early, ..change.clone() }, Change { steps: late, ..change }]
}

/// A place gets its new owner before it loses the old one, so that it has one at each moment. Tokens are no owners.
fn turn(change: &Change) -> u8 {
    match change.holder {
        Holder::Token => 1,
        _ if change.steps.iter().any(Step::ends_owner) => 2,
        _ if change.steps.iter().any(Step::makes_owner) => 0,
        _ => 1,
    }
}

impl AccessPlan {
    fn add(&mut self, member: &Member, place: &KnownPlace, role: Option<String>) {
        let step = Step {
            place: place.name.to_string(),
            from: held(place, member.holder, &member.id).cloned(),
            edit: Edit { place: place.place.clone(), role },
        };
        match self.changes.iter_mut().find(|change| (change.holder, &change.id) == (member.holder, &member.id)) {
            Some(change) => change.steps.push(step),
            None => self.changes.push(Change {
                holder: member.holder,
                id: member.id.clone(),
                name: member.name.clone(),
                steps: vec![step],
            }),
        }
    }

    fn prune(&mut self, facts: &Facts, (list, place): (&WantedList, &KnownPlace), named: &[&str]) {
        for held in place.held.iter().filter(|held| held.holder == list.holder && !named.contains(&held.id.as_str())) {
            let Some(member) = facts.members.iter().find(|member| (member.holder, &member.id) == (held.holder, &held.id)) else {
                continue;
            };
            match kept_because(facts, member, &place.place) {
                Some(why) => self.warnings.push(format!(
                    "the {} {} is not in the file and keeps {} at the {}: {why}",
                    member.holder.what(),
                    member.name,
                    held.role,
                    place.name
                )),
                None => self.add(member, place, None),
            }
        }
    }
}

/// A place can be called by its name and by its id. With two lists, each would be pruned by the other.
fn named_once(file: &AccessFile, facts: &Facts, name: &str) -> Result<()> {
    let mut seen: Vec<(&KnownPlace, Holder)> = Vec::new();
    for list in &file.lists {
        let place = known(facts, list)?;
        if let Some((first, _)) = seen.iter().find(|(other, holder)| (&other.place, *holder) == (&place.place, list.holder)) {
            return Err(Error::new(Kind::Usage, format!("read {name}"))
                .because(format!("the {} and the {} are the same, and both list {}", first.name, place.name, list.holder.path()))
                .hint("keep one of the two, with everybody in it"));
        }
        seen.push((place, list.holder));
    }
    Ok(())
}

/// Returns why somebody who is not in the file keeps a role all the same.
fn kept_because(facts: &Facts, member: &Member, place: &Place) -> Option<&'static str> {
    match (member.holder, place) {
        (Holder::Token, _) if facts.own_token.as_ref() == Some(&member.id) => Some("this run needs it"),
        (Holder::Token, Place::Organization) => Some("a token goes with `liftoff organization token delete`"),
        (Holder::Token, _) if member.home == place.word() => Some("the token belongs there; delete it instead"),
        (Holder::User | Holder::Team, Place::Organization) => Some("the API takes nobody out of an Organization"),
        (Holder::Team, _) if member.managed == Managed::ByIdp => Some("an identity provider manages the team"),
        _ => None,
    }
}

fn known<'a>(facts: &'a Facts, list: &WantedList) -> Result<&'a KnownPlace> {
    let place = facts.places.iter().find(|place| place.name == list.place);
    place.ok_or_else(|| Error::new(Kind::Internal, format!("find the {} of the file", list.place)))
}

fn held<'a>(place: &'a KnownPlace, holder: Holder, id: &str) -> Option<&'a String> {
    place.held.iter().find(|held| held.holder == holder && held.id == id).map(|held| &held.role)
}

fn member<'a>(facts: &'a Facts, holder: Holder, who: &str) -> Result<&'a Member> {
    let of_kind: Vec<&Member> = facts.members.iter().filter(|member| member.holder == holder).collect();
    let is_named = |member: &&&Member| member.name == who || (holder == Holder::User && member.name.eq_ignore_ascii_case(who));
    let missing = || Error::new(Kind::NotFound, format!("find the {} `{who}`", holder.what()));
    if let Some(member) = of_kind.iter().find(|member| member.id == who) {
        return Ok(member);
    }
    let named: Vec<&&Member> = of_kind.iter().filter(is_named).collect();
    match named.as_slice() {
        [only] => Ok(only),
        [] => {
            let error = missing().because("there is none of this name that the token sees");
            Err(match nearest(who, of_kind.iter().map(|member| member.name.as_str())) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None if holder == Holder::User => error.hint("invite them first with `liftoff organization user invite`"),
                None => error.hint(format!("make the {} first", holder.what())),
            })
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|member| member.id.as_str()).collect();
            Err(missing().because(format!("several have this name: {}", ids.join(", "))).hint("say which one by its id"))
        }
    }
}

fn placed(error: Error, name: &str, entry: &WantedRole) -> Error {
    let line = entry.line.map(|line| format!("line {line} of {name}: ")).unwrap_or_default();
    let cause = format!("{line}{}", error.cause().unwrap_or_default());
    error.because(cause).at(name, entry.line)
}

/// A place that has an owner keeps one: without, nobody there could give it back.
fn keep_an_owner(place: &KnownPlace, facts: &Facts, plan: &AccessPlan) -> Result<()> {
    let Some(owner) = place.place.owner_role() else { return Ok(()) };
    // Of users, only those who are there count; a team does not own the Organization.
    let counts = |holder: Holder, id: &str| match (&place.place, holder) {
        (_, Holder::User) => facts.members.iter().any(|member| member.id == id && member.is_active),
        (_, Holder::Token) | (Place::Organization, Holder::Team) => false,
        (_, Holder::Team) => true,
    };
    let changed = |held: &Held| {
        let change = plan.changes.iter().find(|change| (change.holder, &change.id) == (held.holder, &held.id));
        change.is_some_and(|change| change.steps.iter().any(|step| step.edit.place == place.place))
    };
    let had = place.held.iter().filter(|held| held.role == owner && counts(held.holder, &held.id));
    let (had, stay) = had.fold((0, 0), |(had, stay), held| (had + 1, stay + usize::from(!changed(held))));
    let comes = plan.changes.iter().any(|change| {
        let becomes = |step: &Step| step.edit.place == place.place && step.edit.role.as_deref() == Some(owner);
        counts(change.holder, &change.id) && change.steps.iter().any(becomes)
    });
    if had == 0 || stay > 0 || comes {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, "change access")
        .because(format!("the {} would lose its last owner", place.name))
        .hint(format!("give somebody {owner} in the file")))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::plan::access::file::PlaceName;

    const NAME: &str = "access.yaml";

    fn member(holder: Holder, name: &str) -> Member {
        let id = format!("{}-{name}", holder.path());
        let home = if holder == Holder::Token { "ORGANIZATION" } else { "" };
        Member { holder, id, name: name.to_owned(), is_active: true, managed: Managed::Here, home: home.to_owned() }
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn workspace(name: &str, held: &[(Holder, &str, &str)]) -> KnownPlace {
        let held = held.iter().map(|(holder, who, role)| Held {
            holder: *holder,
            id: format!("{}-{who}", holder.path()),
            role: (*role).to_owned(),
        });
        KnownPlace {
            name: PlaceName::Workspace(name.to_owned()),
            place: Place::Workspace(format!("id of {name}")),
            roles: owned(crate::model::roles::WORKSPACE_ROLES),
            held: held.collect(),
        }
    }

    fn list(place: &str, holder: Holder, entries: &[(&str, &str)]) -> WantedList {
        let entries = entries.iter().zip(1..).map(|((who, role), line)| WantedRole {
            who: (*who).to_owned(),
            role: (*role).to_owned(),
            line: Some(line),
        });
        WantedList { place: PlaceName::Workspace(place.to_owned()), holder, entries: entries.collect() }
    }

    fn told(plan: &AccessPlan) -> Vec<String> {
        let step = |change: &Change, step: &Step| {
            format!("{} {} {:?} -> {:?}", change.name, step.place, step.from.as_deref(), step.edit.role.as_deref())
        };
        plan.changes.iter().flat_map(|change| change.steps.iter().map(|it| step(change, it)).collect::<Vec<_>>()).collect()
    }

    const USER: Holder = Holder::User;

    fn facts(places: Vec<KnownPlace>) -> Facts {
        let mut members: Vec<Member> = ["ann", "bob", "eve"].iter().map(|name| member(USER, name)).collect();
        members.push(member(Holder::Team, "Data"));
        members.extend(["ci", "own"].iter().map(|name| member(Holder::Token, name)));
        Facts { places, members, own_token: Some("tokens-own".to_owned()) }
    }

    #[test]
    fn only_what_differs_changes_and_only_pruning_takes_away() {
        let held =
            [(USER, "ann", "WORKSPACE_OWNER"), (USER, "bob", "WORKSPACE_MEMBER"), (Holder::Team, "Data", "WORKSPACE_MEMBER")];
        let facts = facts(vec![workspace("Main", &held)]);
        let wanted = [("ANN", "WORKSPACE_OWNER"), ("eve", "WORKSPACE_AUTHOR")];
        let file = AccessFile { lists: vec![list("Main", USER, &wanted)] };
        let plan = |prune| super::plan(&file, &facts, prune, NAME).expect("a plan");
        let off = plan(Prune::Off);
        assert_eq!((told(&off), off.unchanged), (vec!["eve Workspace Main None -> Some(\"WORKSPACE_AUTHOR\")".to_owned()], 1));
        let on = plan(Prune::On);
        assert_eq!(told(&on)[1..], ["bob Workspace Main Some(\"WORKSPACE_MEMBER\") -> None"]);
        assert_eq!(on.warnings, Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_before_anything_is_done() {
        let facts = facts(vec![workspace("Main", &[(USER, "ann", "WORKSPACE_OWNER")])]);
        let rows = [
            (&[("ann", "WORKSPACE_OWNER"), ("bub", "WORKSPACE_MEMBER")][..], Kind::NotFound, "did you mean `bob`?"),
            (&[("zoe@acme.test", "WORKSPACE_MEMBER")], Kind::NotFound, "invite them first"),
            (&[("bob", "WORKSPACE_MEMBR")], Kind::Usage, "did you mean `WORKSPACE_MEMBER`?"),
            (
                &[("bob", "WORKSPACE_MEMBER"), ("BOB", "WORKSPACE_AUTHOR")],
                Kind::Usage,
                "line 2 of access.yaml: `bob` is named twice",
            ),
            (&[("ann", "WORKSPACE_MEMBER")], Kind::Refused, "would lose its last owner"),
        ];
        for (entries, kind, said) in rows {
            let file = AccessFile { lists: vec![list("Main", USER, entries)] };
            let error = plan(&file, &facts, Prune::Off, NAME).expect_err(said);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(said), "{error}");
            assert!(kind == Kind::Refused || error.place().is_some_and(|place| place.line == Some(entries.len())), "{error:?}");
        }
        let file = AccessFile { lists: vec![list("Main", USER, &[("ann", "WORKSPACE_MEMBER"), ("bob", "WORKSPACE_OWNER")])] };
        assert_eq!(plan(&file, &facts, Prune::Off, NAME).expect("another owner").changes.len(), 2);
        let gone = AccessFile { lists: vec![list("Main", USER, &[])] };
        assert_eq!(plan(&gone, &facts, Prune::On, NAME).expect_err("the last owner").kind(), Kind::Refused);
    }

    #[test]
    fn a_place_under_two_names_is_refused() {
        let held = [(USER, "ann", "WORKSPACE_OWNER"), (USER, "bob", "WORKSPACE_MEMBER")];
        let mut by_id = workspace("Main", &held);
        by_id.name = PlaceName::Workspace("id of Main".to_owned());
        let facts = facts(vec![workspace("Main", &held), by_id]);
        let ann = list("Main", USER, &[("ann", "WORKSPACE_OWNER")]);
        let lists = vec![ann.clone(), list("id of Main", USER, &[("bob", "WORKSPACE_MEMBER")])];
        let error = plan(&AccessFile { lists }, &facts, Prune::On, NAME).expect_err("one place");
        assert!(error.kind() == Kind::Usage && error.to_string().contains("are the same, and both list users"), "{error}");
        let lists = vec![ann, list("id of Main", Holder::Team, &[])];
        assert!(plan(&AccessFile { lists }, &facts, Prune::Off, NAME).is_ok(), "users here and teams there");
    }

    #[test]
    fn a_place_gets_its_new_owner_before_it_loses_the_old_one() {
        let [owner, member] = ["WORKSPACE_OWNER", "WORKSPACE_MEMBER"];
        let [one, two] = ["One", "Two"].map(|name| match name {
            "One" => workspace(name, &[(USER, "ann", owner), (USER, "bob", member)]),
            _ => workspace(name, &[(USER, "ann", member), (USER, "bob", owner)]),
        });
        let mut facts = facts(vec![one, two]);
        let lists = vec![
            list("One", USER, &[("ann", member), ("bob", owner)]),
            list("Two", USER, &[("ann", owner), ("bob", member), ("eve", member)]),
        ];
        let file = AccessFile { lists };
        let decided = plan(&file, &facts, Prune::Off, NAME).expect("a plan");
        let kinds: Vec<&str> = decided
            .changes
            .iter()
            .flat_map(|change| &change.steps)
            .map(|step| match step {
                step if step.makes_owner() => "makes",
                step if step.ends_owner() => "ends",
                _ => "other",
            })
            .collect();
        assert_eq!(kinds, ["makes", "makes", "other", "ends", "ends"], "{:?}", told(&decided));
        facts.members.iter_mut().filter(|member| member.name == "bob").for_each(|bob| bob.is_active = false);
        let error = plan(&file, &facts, Prune::Off, NAME).expect_err("bob is only invited");
        assert!(error.kind() == Kind::Refused && error.to_string().contains("Workspace One would lose"), "{error}");
    }

    #[test]
    fn some_keep_their_role_even_when_the_rest_is_pruned() {
        let held = [
            (Holder::Token, "own", "WORKSPACE_OWNER"),
            (Holder::Token, "ci", "WORKSPACE_MEMBER"),
            (Holder::Team, "Data", "WORKSPACE_MEMBER"),
        ];
        let mut facts = facts(vec![workspace("Main", &held)]);
        let file = AccessFile { lists: vec![list("Main", Holder::Token, &[]), list("Main", Holder::Team, &[])] };
        facts.members.iter_mut().filter(|member| member.name == "Data").for_each(|team| team.managed = Managed::ByIdp);
        let pruned = plan(&file, &facts, Prune::On, NAME).expect("a plan");
        assert_eq!(told(&pruned), ["ci Workspace Main Some(\"WORKSPACE_MEMBER\") -> None"]);
        assert_eq!(pruned.warnings.len(), 2, "{:?}", pruned.warnings);
        facts.members.iter_mut().filter(|member| member.name == "ci").for_each(|token| token.home = "WORKSPACE".to_owned());
        let pruned = plan(&file, &facts, Prune::On, NAME).expect("a plan");
        assert!(pruned.changes.is_empty() && pruned.warnings.len() == 3, "{pruned:?}");
    }

    /// Who holds what where, as the platform would have it.
    type Holdings = BTreeMap<(Holder, String, Place), String>;

    fn holdings(facts: &Facts) -> Holdings {
        let all = facts.places.iter().flat_map(|place| place.held.iter().map(move |held| (place, held)));
        all.map(|(place, held)| ((held.holder, held.id.clone(), place.place.clone()), held.role.clone())).collect()
    }

    fn performed(mut holdings: Holdings, plan: &AccessPlan) -> Holdings {
        for change in &plan.changes {
            for edit in change.edits() {
                let key = (change.holder, change.id.clone(), edit.place);
                match edit.role {
                    Some(role) => drop(holdings.insert(key, role)),
                    None => drop(holdings.remove(&key)),
                }
            }
        }
        holdings
    }

    /// Roles of some of three users, a team and two tokens, by number.
    fn some_roles() -> impl Strategy<Value = BTreeMap<usize, usize>> {
        proptest::collection::btree_map(0..6_usize, 0..5_usize, 0..6)
    }

    fn random_facts(worlds: &[BTreeMap<usize, usize>]) -> Facts {
        let mut all = facts(Vec::new());
        for (number, world) in worlds.iter().enumerate() {
            let mut place = workspace(&format!("W{number}"), &[]);
            place.held = world
                .iter()
                .map(|(who, role)| {
                    let member = &all.members[*who];
                    Held { holder: member.holder, id: member.id.clone(), role: place.roles[*role].clone() }
                })
                .collect();
            all.places.push(place);
        }
        all
    }

    fn random_file(facts: &Facts, wanted: &[BTreeMap<usize, usize>]) -> AccessFile {
        let mut file = AccessFile::default();
        for (number, roles) in wanted.iter().enumerate() {
            let place = &facts.places[number];
            for &holder in Holder::ALL {
                let of_kind = roles.iter().filter(|(who, _)| facts.members[**who].holder == holder);
                let entries: Vec<(&str, &str)> =
                    of_kind.map(|(who, role)| (facts.members[*who].name.as_str(), place.roles[*role].as_str())).collect();
                if !entries.is_empty() {
                    file.lists.push(list(&format!("W{number}"), holder, &entries));
                }
            }
        }
        file
    }

    proptest! {
        #[test]
        fn nothing_that_was_not_named_changes(
            worlds in proptest::collection::vec(some_roles(), 3),
            wanted in proptest::collection::vec(some_roles(), 0..3),
            prunes in any::<bool>(),
        ) {
            let facts = random_facts(&worlds);
            let file = random_file(&facts, &wanted);
            let before = holdings(&facts);
            let prune = if prunes { Prune::On } else { Prune::Off };
            let decided = match plan(&file, &facts, prune, NAME) {
                Ok(decided) => decided,
                Err(error) => {
                    prop_assert_eq!(error.kind(), Kind::Refused, "{}", error);
                    return Ok(());
                }
            };
            let after = performed(before.clone(), &decided);
            let mut named = BTreeSet::new();
            for list in &file.lists {
                let place = &facts.places.iter().find(|place| place.name == list.place).expect("the place").place;
                for entry in &list.entries {
                    let key = (list.holder, format!("{}-{}", list.holder.path(), entry.who), place.clone());
                    prop_assert_eq!(after.get(&key), Some(&entry.role));
                    named.insert(key);
                }
            }
            let is_listed = |key: &(Holder, String, Place)| {
                file.lists.iter().any(|list| {
                    let place = facts.places.iter().find(|place| place.name == list.place).expect("the place");
                    list.holder == key.0 && place.place == key.2
                })
            };
            for key in before.keys().chain(after.keys()).filter(|key| !named.contains(*key)) {
                let pruned = prunes && is_listed(key) && !after.contains_key(key);
                prop_assert!(pruned || before.get(key) == after.get(key), "{:?}", key);
            }
            let again = plan(&file, &Facts { places: held_again(&facts, &after), ..facts.clone() }, prune, NAME);
            prop_assert!(again.expect("a second plan").changes.is_empty(), "what was applied is a no-op");
        }
    }

    fn held_again(facts: &Facts, after: &Holdings) -> Vec<KnownPlace> {
        let mut places = facts.places.clone();
        for place in &mut places {
            let there = after.iter().filter(|((_, _, at), _)| *at == place.place);
            place.held =
                there.map(|((holder, id, _), role)| Held { holder: *holder, id: id.clone(), role: role.clone() }).collect();
        }
        places
    }
}
