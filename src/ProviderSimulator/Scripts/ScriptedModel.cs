using System.Text.RegularExpressions;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>
/// The simulated model: the first rule whose conditions all hold decides the answer, the rule set's default otherwise.
/// The same conversation always gets the same answer and the same latency; only rules with a <c>chance</c> differ from
/// call to call. Safe for concurrent calls.
/// </summary>
internal sealed class ScriptedModel(RuleSet rules)
{
    private const string DefaultRule = "default";
    private const int CharactersPerToken = 4;

    /// <summary>What a provider adds for the frame of one tool call.</summary>
    private const int TokensPerToolCall = 8;

    private long _calls;

    /// <exception cref="RegexMatchTimeoutException">A pattern took too long on this request.</exception>
    public ModelAnswer Answer(ModelRequest request)
    {
        ulong call = (ulong)Interlocked.Increment(ref _calls);
        var captures = new CaptureSet();
        var patternMatches = new Match?[rules.PatternSlots];
        ulong draw = 0;
        for (int index = 0; index < rules.Rules.Count; index++)
        {
            Rule rule = rules.Rules[index];
            captures.TruncateTo(0);
            if (rule.Chance < 1)
            {
                // The number of the call is part of this draw: a retry has to have its own luck.
                ulong luck = Mix(rules.Seed ^ (call << 16) ^ (ulong)index);
                if (luck / (double)ulong.MaxValue >= rule.Chance)
                {
                    continue;
                }
            }

            if (Matches(rule, request, patternMatches, captures))
            {
                draw = Mix(Fingerprint(request) ^ (ulong)index);
                return Render(rule.Name, rule.Outcome, request, captures, draw);
            }
        }

        captures.TruncateTo(0);
        draw = Mix(Fingerprint(request));
        return Render(DefaultRule, rules.Default, request, captures, draw);
    }

    private static bool Matches(Rule rule, ModelRequest request, Match?[] patternMatches, CaptureSet captures)
    {
        if (request.Turn < rule.MinTurn || request.Turn > rule.MaxTurn
            || (rule.Results.Count > 0 && request.LastResultsStart == request.Results.Count)
            || (rule.Seen.Count > 0 && request.Results.Count == 0))
        {
            return false;
        }

        foreach (RulePattern pattern in rule.Patterns)
        {
            Match match = patternMatches[pattern.Slot] ??= pattern.Regex.Match(pattern.Input(request));
            if (!match.Success)
            {
                return false;
            }

            captures.Add(match, pattern.Groups);
        }

        return rule.Results.All(m => AnyMatches(m, request, request.LastResultsStart, captures))
            && rule.Seen.All(m => AnyMatches(m, request, 0, captures))
            && !rule.NotSeen.Any(m => AnyMatches(m, request, 0, captures));
    }

    private static bool AnyMatches(ResultMatcher matcher, ModelRequest request, int from, CaptureSet captures)
    {
        for (int index = request.Results.Count - 1; index >= from; index--)
        {
            if (matcher.Matches(request.Results[index], captures))
            {
                return true;
            }
        }

        return false;
    }

    private ModelAnswer Render(string name, RuleOutcome outcome, ModelRequest request, CaptureSet captures, ulong draw)
    {
        string text = outcome.Text?.Render(captures) ?? "";
        AnswerToolCall[] calls = [.. outcome.ToolCalls.Select(c => c.Render(captures))];
        FinishReason finish = outcome.Finish != FinishReason.None ? outcome.Finish
            : calls.Length > 0 ? FinishReason.ToolCalls : FinishReason.Stop;
        int output = outcome.OutputTokens ?? Estimate(text, calls);
        if (outcome.OutputTokens is null && calls.Length == 0 && request.MaxTokens is { } max && output > max)
        {
            text = Cut(text, max * CharactersPerToken);
            output = max;
            finish = FinishReason.Length;
        }

        return new ModelAnswer
        {
            Rule = name,
            Text = text,
            ToolCalls = calls,
            Finish = finish,
            Latency = (outcome.Latency ?? rules.Latency).Pick(draw),
            InputTokens = outcome.InputTokens ?? request.PromptTokens,
            CachedTokens = Math.Min(outcome.CachedTokens ?? 0, outcome.InputTokens ?? request.PromptTokens),
            OutputTokens = output,
            Fault = outcome.Fault,
        };
    }

    private static int Estimate(string text, AnswerToolCall[] calls)
    {
        int tokens = (text.Length + CharactersPerToken - 1) / CharactersPerToken;
        foreach (AnswerToolCall call in calls)
        {
            tokens += TokensPerToolCall + ((call.Tool.Length + call.Arguments.Length + CharactersPerToken - 1) / CharactersPerToken);
        }

        return Math.Max(1, tokens);
    }

    private static string Cut(string text, int length)
    {
        // Not between the two halves of a character outside the basic plane.
        int end = Math.Min(length, text.Length);
        return end > 0 && end < text.Length && char.IsLowSurrogate(text[end]) ? text[..(end - 1)] : text[..end];
    }

    // string.GetHashCode differs from process to process, and a replay must not.
    private ulong Fingerprint(ModelRequest request)
    {
        ulong hash = 14695981039346656037 ^ rules.Seed;
        foreach (char c in request.FirstUser.AsSpan(0, Math.Min(request.FirstUser.Length, 256)))
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return (hash ^ (ulong)request.Turn) * 1099511628211;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
