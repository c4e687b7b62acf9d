use super::*;

#[test]
fn policy_has_ranges() {
    let policy = |change: fn(&mut Policy)| {
        codes(
            &with(|settings| change(&mut settings.policy)),
            Field::Policy,
        )
    };
    let out_of_range = [ProblemCode::OutOfRange];
    assert_eq!(policy(|policy| policy.algorithms.clear()), out_of_range);
    assert_eq!(policy(|policy| policy.clock_tolerance = 600), []);
    assert_eq!(policy(|policy| policy.clock_tolerance = 601), out_of_range);
    assert_eq!(policy(|policy| policy.max_age = Some(1)), []);
    assert_eq!(policy(|policy| policy.max_age = Some(0)), out_of_range);
    assert_eq!(policy(|policy| policy.max_age = Some(2_147_483_647)), []);
    assert_eq!(
        policy(|policy| policy.max_age = Some(2_147_483_648)),
        out_of_range
    );
    assert_eq!(
        policy(|policy| policy.acr_values = vec!["a".to_owned(); 8]),
        []
    );
    assert_eq!(
        policy(|policy| policy.acr_values = vec!["a".to_owned(); 9]),
        out_of_range
    );
    assert_eq!(
        policy(|policy| policy.acr_values = vec!["a b".to_owned()]),
        out_of_range
    );
}
