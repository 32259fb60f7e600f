using System.Text.Json;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator;

/// <summary>
/// A fault that hits the admitted calls while it lasts, switched on and off at run time: for rehearsals of "the provider is
/// down". The limits still count, as they do at a provider that fails.
/// </summary>
internal sealed class Outage(TimeProvider time)
{
    public const string RuleName = "outage";
    private const double LongestSeconds = 86_400;

    private volatile State? _state;

    /// <summary>Null if all is well.</summary>
    public RuleFault? Current => Active() is { } state ? state.Fault : null;

    /// <summary>The fault that this call meets; null if the outage spares it.</summary>
    public RuleFault? For(string protocol, string organisation, string model) =>
        Active() is { } state && (state.Protocol ?? protocol) == protocol && (state.Organisation ?? organisation) == organisation && (state.Model ?? model) == model && state.Hits()
            ? state.Fault : null;

    public DateTimeOffset? Until => _state?.Until;

    public void End() => _state = null;

    /// <summary>
    /// Starts the outage that the body describes: a rule's <c>fault</c> and <c>seconds</c>; without them it lasts until it is ended.
    /// <c>startsInSeconds</c>, <c>share</c> of the calls, <c>protocol</c>, <c>organisation</c> and <c>model</c> narrow it. Answers every problem of the body; then nothing has changed.
    /// </summary>
    public IReadOnlyList<string> Begin(JsonElement body)
    {
        List<string> problems = [];
        var read = new RuleObject(body, "", problems);
        double? seconds = read.Number("seconds", 0.001, LongestSeconds);
        double? begins = read.Number("startsInSeconds", 0, LongestSeconds);
        double? share = read.Number("share", 0.000001, 1);
        (string? protocol, string? organisation, string? model) = (read.Text("protocol"), read.Text("organisation"), read.Text("model"));
        RuleFault? fault = RuleFile.ReadFault(read);
        if (problems.Count == 0 && fault is not null)
        {
            DateTimeOffset start = time.GetUtcNow().AddSeconds(begins ?? 0);
            _state = new State(fault, start, seconds is { } length ? start.AddSeconds(length) : null, share ?? 1, protocol, organisation, model);
        }

        return problems;
    }

    private State? Active() => _state is { } state && time.GetUtcNow() is var now && now >= state.Start && (state.Until is not { } until || now < until) ? state : null;

    private sealed class State(RuleFault fault, DateTimeOffset start, DateTimeOffset? until, double share, string? protocol, string? organisation, string? model)
    {
        private long _calls;

        public RuleFault Fault => fault;

        public DateTimeOffset Start => start;

        public DateTimeOffset? Until => until;

        public string? Protocol => protocol;

        public string? Organisation => organisation;

        public string? Model => model;

        /// <summary>Spread evenly: the n-th call is hit if the share of n calls grows by a whole one with it.</summary>
        public bool Hits()
        {
            long call = Interlocked.Increment(ref _calls);
            return Math.Floor(call * share + 1e-9) > Math.Floor((call - 1) * share + 1e-9);
        }
    }
}
