//! The comment that is kept up to date, on every forge.

use astro_sim::faults::Effect;
use astro_sim::world::gitlab::MAINTAINER_TOKEN;
use liftoff::forge::interface::{Comment, Upsert};
use liftoff::model::context::ForgeKind;
use liftoff::model::markup::MarkupStyle;

use crate::forges::rows::ROWS;
use crate::forges::stage::{MARK, Stage, comment_on};

#[tokio::test]
async fn a_comment_is_made_once_and_then_edited_among_many_others() {
    for row in ROWS {
        let stage = Stage::new(row);
        stage.sim.with(|world| (0..130).for_each(|number| (row.foreign)(world, &format!("comment {number}"))));
        let made = stage.comment("nothing", Upsert::OnlyEdit).await.expect("no comment");
        assert_eq!((made, stage.marked().len()), (None, 0), "{:?}", row.kind);
        let page = stage.comment("first", Upsert::Always).await.expect("a comment").expect("a page");
        assert!(page.is_empty() || page.starts_with("http"), "{:?}: {page}", row.kind);
        // What comes after it does not hide it.
        stage.sim.with(|world| (0..130).for_each(|number| (row.foreign)(world, &format!("later {number}"))));
        for (body, upsert) in [("second", Upsert::Always), ("third", Upsert::OnlyEdit)] {
            assert!(stage.comment(body, upsert).await.expect("a comment").is_some(), "{:?}", row.kind);
            let marked = stage.marked();
            assert_eq!(marked.len(), 1, "{:?}: {marked:?}", row.kind);
            let mark = stage.forge().markup().style.hidden(MARK);
            assert!(marked[0].1.starts_with(&mark) && marked[0].1.ends_with(body), "{:?}: {marked:?}", row.kind);
        }
        assert_eq!((stage.asked(row.operations.create), stage.asked(row.operations.edit)), (1, 2), "{:?}", row.kind);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_strangers_comment_with_the_mark_is_never_edited() {
    for row in ROWS {
        let stage = Stage::new(row);
        let style = stage.forge().markup().style;
        let forged = format!("{}\n\nAll is well.", style.hidden(MARK));
        stage.sim.with(|world| (row.foreign)(world, &forged));
        let edited = stage.comment("ours", Upsert::OnlyEdit).await;
        assert!(!matches!(edited, Ok(Some(_))), "{:?}: {edited:?}", row.kind);
        for body in ["ours", "ours again"] {
            stage.comment(body, Upsert::Always).await.expect("a comment");
            let marked = stage.marked();
            assert_eq!(marked.len(), 2, "{:?}: {marked:?}", row.kind);
            assert_eq!(marked[0].1, forged, "{:?}", row.kind);
            assert!(marked[1].1.ends_with(body) && marked[1].0 != marked[0].0, "{:?}: {marked:?}", row.kind);
        }
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_gitlab_maintainer_may_edit_a_strangers_comment_and_does_not() {
    let stage = Stage::new(ROWS.iter().find(|row| row.kind == ForgeKind::GitLab).expect("a row"));
    let forged = format!("<!-- {MARK} -->\n\nAll is well.");
    stage.sim.with(|world| (stage.row.foreign)(world, &forged));
    let forge = stage.forge_with(MAINTAINER_TOKEN);
    assert_eq!(comment_on(&*forge, 1, "ours", Upsert::OnlyEdit).await.expect("no comment"), None);
    comment_on(&*forge, 1, "ours", Upsert::Always).await.expect("a comment");
    let marked = stage.marked();
    assert_eq!((marked.len(), &marked[0].1), (2, &forged));
}

#[tokio::test]
async fn each_mark_has_a_comment_of_its_own() {
    for row in ROWS {
        let stage = Stage::new(row);
        for (tail, body) in [("", "one"), ("2", "two"), ("", "three"), ("2", "four")] {
            let mark = format!("{MARK}{tail}");
            let comment = Comment { pull_request: 1, mark: &mark, body };
            stage.forge().upsert_comment(&comment, Upsert::Always).await.expect("a comment");
        }
        let marked = stage.marked();
        let bodies: Vec<&str> = marked.iter().filter_map(|(_, text)| text.lines().last()).collect();
        assert_eq!(bodies, ["three", "four"], "{:?}", row.kind);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_comment_that_only_mentions_the_mark_is_another_one() {
    for row in ROWS {
        let stage = Stage::new(row);
        let forge = stage.forge();
        let quoted = format!("> {}", forge.markup().style.hidden(MARK));
        let other = Comment { pull_request: 1, mark: "liftoff project=other", body: &quoted };
        forge.upsert_comment(&other, Upsert::Always).await.expect("a comment");
        assert_eq!(stage.comment("ours", Upsert::OnlyEdit).await.expect("no comment"), None, "{:?}", row.kind);
        assert!(stage.marked()[0].1.ends_with(&quoted), "{:?}", row.kind);
    }
}

#[tokio::test]
async fn a_comment_is_cut_to_what_the_forge_takes() {
    for row in ROWS {
        let stage = Stage::new(row);
        let limit = stage.forge().markup().limit;
        stage.comment(&"é".repeat(limit + 10), Upsert::Always).await.expect("a comment");
        let marked = stage.marked();
        assert_eq!(marked[0].1.chars().count(), limit, "{:?}", row.kind);
        assert!(marked[0].1.ends_with('…'), "{:?}", row.kind);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_comment() {
    for row in ROWS {
        for effect in [Effect::CutBeforeAnswer, Effect::CutBeforeRequest, Effect::BrokenJson, Effect::Status(502, String::new())]
        {
            let stage = Stage::new(row);
            stage.fault(row.operations.create, 1, effect.clone());
            let outcome = stage.comment("once", Upsert::Always).await;
            assert!(matches!(outcome, Ok(Some(_))), "{:?} {effect:?}: {outcome:?}", row.kind);
            assert_eq!(stage.marked().len(), 1, "{:?} {effect:?}", row.kind);
        }
    }
}

#[tokio::test]
async fn only_bitbucket_would_show_an_html_comment_to_people() {
    let plain = ROWS.iter().filter(|row| Stage::new(row).forge().markup().style == MarkupStyle::Plain);
    assert_eq!(plain.map(|row| row.kind).collect::<Vec<_>>(), [ForgeKind::Bitbucket, ForgeKind::BitbucketServer]);
}
