//! For random policies and usage: the rewrite stands its proof, grants nothing new, and keeps all that is not proved unused.

use menagerie_policy::document::Policy;
use menagerie_policy::evaluate::Principal;
use proptest::prelude::*;
use repokid::analysis::{Outcome, Reason};
use repokid::verdict::{Resource, Verdict};

use crate::generate::{Oracle, allows, group_stage, policy, requests, requests_of, seen, stage};
use crate::stage::{GROUP, MEMBERS, ROLE};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rewrite_keeps_what_it_must_and_grants_nothing_new(policy in policy(), seen in seen()) {
        let stage = stage(&policy, &seen, false);
        let before = Policy::parse(&policy.to_string()).unwrap();
        let oracle = Oracle::new(&before);
        stage.look(ROLE, |analysis| {
            let stands = !matches!(analysis.outcome, Outcome::Refused(Reason::Proof(_) | Reason::Edit { .. }));
            prop_assert!(stands, "{:?}", analysis.outcome);
            let analysed = &analysis.policies[0];
            let judged = analysed.judged.as_ref().unwrap();
            let after: Vec<_> = analysed.after.iter().map(|text| Policy::parse(text).unwrap()).collect();
            for request in requests() {
                let (was, is) = (allows(std::slice::from_ref(&before), &request), allows(&after, &request));
                prop_assert!(was || !is, "{request:?} is new in {:?}", analysed.after);
                if was && oracle.keeps(&request, &before, judged, stage.universe) {
                    prop_assert!(is, "{request:?} is lost in {:?}", analysed.after);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn narrowed_resources_keep_each_use(policy in policy(), seen in seen()) {
        let stage = stage(&policy, &seen, true);
        let before = Policy::parse(&policy.to_string()).unwrap();
        stage.look(ROLE, |analysis| {
            let stands = !matches!(analysis.outcome, Outcome::Refused(Reason::Proof(_) | Reason::Edit { .. }));
            prop_assert!(stands, "{:?}", analysis.outcome);
            let after: Vec<_> = analysis.policies[0].after.iter().map(|text| Policy::parse(text).unwrap()).collect();
            for request in requests() {
                let (was, is) = (allows(std::slice::from_ref(&before), &request), allows(&after, &request));
                prop_assert!(was || !is, "{request:?} is new in {:?}", analysis.policies[0].after);
                let used = stage.universe.named(&request.action).and_then(|id| analysis.usage.actions.get(&id)).is_some_and(|uses| {
                    uses.iter().any(|one| matches!(&one.resource, Resource::Arn(arn) if *arn == request.resource) || one.resource == Resource::Unknown)
                });
                prop_assert!(!(was && used) || is, "{request:?} was used and is lost in {:?}", analysis.policies[0].after);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_group_keeps_what_each_member_needs(policy in policy(), ann in seen(), bob in seen(), resources in any::<bool>()) {
        let stage = group_stage(&policy, &[ann, bob], resources);
        let before = Policy::parse(&policy.to_string()).unwrap();
        stage.look(GROUP, |analysis| {
            let stands = !matches!(analysis.outcome, Outcome::Refused(Reason::Proof(_) | Reason::Edit { .. }));
            prop_assert!(stands, "{:?}", analysis.outcome);
            let after: Vec<_> = analysis.policies[0].after.iter().map(|text| Policy::parse(text).unwrap()).collect();
            for member in MEMBERS {
                let usage = &stage.usage[member];
                for request in requests_of(&Principal::User { arn: member.to_owned() }) {
                    let (was, is) = (allows(std::slice::from_ref(&before), &request), allows(&after, &request));
                    prop_assert!(was || !is, "{request:?} is new in {:?}", analysis.policies[0].after);
                    let used = stage.universe.named(&request.action).and_then(|id| usage.actions.get(&id)).is_some_and(|uses| {
                        uses.iter().any(|one| matches!(&one.resource, Resource::Arn(arn) if *arn == request.resource) || one.resource == Resource::Unknown)
                    });
                    prop_assert!(!(was && used) || is, "{request:?} of {member} is lost in {:?}", analysis.policies[0].after);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_was_seen_is_never_unused(policy in policy(), seen in seen()) {
        let stage = stage(&policy, &seen, false);
        stage.look(ROLE, |analysis| {
            for (id, uses) in &analysis.usage.actions {
                let vague = uses.iter().any(|one| matches!(one.resource, Resource::Any | Resource::Unknown));
                let judged = analysis.policies[0].judged.as_ref().unwrap();
                for action in judged.statements.iter().flat_map(|one| &one.actions).filter(|one| one.id == *id && vague) {
                    prop_assert_eq!(action.verdicts.verdict(), Verdict::Used);
                }
                prop_assert!(!analysis.removed().contains(id) || !vague);
            }
            Ok(())
        })?;
    }
}
