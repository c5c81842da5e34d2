//! Whatever is played, and in whatever order it is read: nothing wrong is said, and in the end all is known.

use proptest::prelude::*;

use super::play::Play;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_model_never_says_what_is_not_so_and_agrees_in_the_end(
        acts in prop::collection::vec(any::<(u8, u8)>(), 1..400),
    ) {
        let mut play = Play::new();
        for act in acts {
            play.act(act);
        }
        play.settle_and_compare();
    }
}
