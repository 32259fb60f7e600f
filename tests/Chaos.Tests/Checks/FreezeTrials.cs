namespace Pipeline.Chaos.Tests.Checks;

/// <summary>What 200 frozen orchestrators did when they woke.</summary>
/// <param name="Trials">How often one was frozen.</param>
/// <param name="InTransaction">Trials in which it was in the middle of at least one transaction.</param>
/// <param name="OpenTransactions">Its open transactions at those moments, together.</param>
/// <param name="OthersCommits">Commits of the other one while it was frozen.</param>
/// <param name="TakenOver">Invocations that it had worked on last and that the other one moved on while it was frozen.</param>
/// <param name="RefusedCommits">Its writes that came too late, were refused by the row version, and were recognised as done on the next attempt.</param>
/// <param name="ZombieCommits">Commits based on a version that had been overtaken.</param>
internal sealed record FreezeTrials(int Trials, int InTransaction, int OpenTransactions, long OthersCommits, long TakenOver, int RefusedCommits, int ZombieCommits);
