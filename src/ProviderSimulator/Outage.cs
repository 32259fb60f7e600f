using System.Text.Json;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator;

/// <summary>
/// A fault that hits every admitted call while it lasts, switched on and off at run time: for rehearsals of "the provider is
/// down". The limits still count, as they do at a provider that fails.
/// </summary>
internal sealed class Outage(TimeProvider time)
{
    public const string RuleName = "outage";
    private const double LongestSeconds = 86_400;

    private volatile State? _state;

    /// <summary>Null if all is well.</summary>
    public RuleFault? Current => _state is { } state && (state.Until is not { } until || time.GetUtcNow() < until) ? state.Fault : null;

    public DateTimeOffset? Until => _state?.Until;

    public void End() => _state = null;

    /// <summary>
    /// Starts the outage that the body describes: a rule's <c>fault</c> of kind status, hang or abort, and <c>seconds</c>; without
    /// them it lasts until it is ended. Answers every problem of the body; then nothing has changed.
    /// </summary>
    public IReadOnlyList<string> Begin(JsonElement body)
    {
        List<string> problems = [];
        var read = new RuleObject(body, "", problems);
        double? seconds = read.Number("seconds", 0.001, LongestSeconds);
        RuleFault? fault = RuleFile.ReadFault(read);
        if (fault is { Kind: FaultKind.StreamError or FaultKind.StreamAbort })
        {
            read.Problem("kind", "breaks streams only; an outage is status, hang or abort");
        }

        if (problems.Count == 0 && fault is not null)
        {
            _state = new State(fault, seconds is { } length ? time.GetUtcNow().AddSeconds(length) : null);
        }

        return problems;
    }

    private sealed record State(RuleFault Fault, DateTimeOffset? Until);
}
