using Ledger.Host.Tests.Features;
using Ledger.Host.Tests.Support.EventStoreDb;

namespace Ledger.Host.Tests.Cli;

/// <summary>
/// What each of the other commands is for, with the ledger on a server: the tests themselves are those of the commands. One of each and one ledger for all, because what could differ between stores
/// lies below the commands; the main job and the timelines run whole over both (<see cref="MainJob"/>, <see cref="TimelineCommands"/>), and an audit on a server is in
/// <see cref="ProjectionsCommandTests"/>.
/// </summary>
public sealed class OnServerTests(EditedLedgerOnServer edited) : IClassFixture<EditedLedgerOnServer>
{
    [Fact]
    public Task Review() => new ReviewTests(edited).What_waits_is_shown_with_who_stopped_it_why_and_what_a_release_would_be();

    [Fact]
    public Task Verify() => new VerifyTests(edited.Tiny).What_the_end_of_a_replay_says_is_held_against_its_timeline();

    [Fact]
    public Task Merge() => new MergeCommandsTests(edited.Tiny).A_merge_takes_edits_and_decisions_of_a_branch_as_one_revision_and_finds_nothing_the_second_time();

    [Fact]
    public Task Replay() => new ReplayTests(edited).Factors_give_the_same_weights_and_without_an_edit_the_fold_without_it();

    [Fact]
    public Task Watch() => new WatchTests(edited.Tiny).A_run_of_edits_is_watched_over_goes_on_without_the_culprit_and_ends_like_one_that_stopped_something();

    [Fact]
    public Task Attest() => new AttestTests(edited.Tiny).What_was_signed_verifies_with_the_public_key_however_much_was_added_since();

    [Fact]
    public Task Evaluate() => new EvaluateTests(edited.Tiny).A_revision_is_measured_once_and_what_is_recorded_is_read_without_a_model();
}
