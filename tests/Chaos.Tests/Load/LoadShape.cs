namespace Pipeline.Chaos.Tests.Load;

/// <summary>How an upstream system submits.</summary>
/// <param name="Rate">Submissions a second at most.</param>
/// <param name="MostOpen">While more invocations than this are open, it waits.</param>
/// <param name="RepeatedShare">The share of submissions that are published twice or three times.</param>
/// <param name="Window">Publishes that may await their confirm at once.</param>
internal sealed record LoadShape(double Rate, int MostOpen, double RepeatedShare = 0.1, int Window = 64);
