using System.Globalization;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Status;

/// <summary>Which invocations a list shows, as the query says it.</summary>
internal sealed record InvocationFilter
{
    public const int DefaultLimit = 50;
    public const int LargestLimit = 200;

    private const int LongestText = 200;

    private static readonly string[] States =
    [
        nameof(InvocationStateMachine.AwaitingModel), nameof(InvocationStateMachine.AwaitingTools), nameof(InvocationStateMachine.Completed),
        nameof(InvocationStateMachine.Failed), nameof(InvocationStateMachine.Expired), nameof(InvocationStateMachine.Cancelled),
    ];

    public string? Agent { get; init; }

    public string? Tenant { get; init; }

    public string? State { get; init; }

    public string? Session { get; init; }

    public DateTime? AcceptedAfter { get; init; }

    public DateTime? AcceptedBefore { get; init; }

    public int Limit { get; init; } = DefaultLimit;

    public InvocationCursor? Cursor { get; init; }

    /// <returns>The filter, or why the query is refused.</returns>
    public static (InvocationFilter? Filter, Problem? Problem) Read(IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            if (values.Count > 1 || values.ToString().Length > LongestText || values.ToString().Any(char.IsControl))
            {
                return (null, Invalid(name, values.ToString(), $"given once, with at most {LongestText} characters, none of them a control character"));
            }
        }

        string? Text(string name) => query.TryGetValue(name, out var value) && value.ToString().Length > 0 ? value.ToString() : null;
        var state = Text("state");
        if (state is not null && (state = States.FirstOrDefault(x => x.Equals(state, StringComparison.OrdinalIgnoreCase))) is null)
        {
            return (null, Invalid("state", Text("state")!, $"one of {string.Join(", ", States)}"));
        }

        var limit = DefaultLimit;
        if (Text("limit") is { } limitText && !(int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= LargestLimit))
        {
            return (null, Invalid("limit", limitText, $"a number from 1 to {LargestLimit}"));
        }

        if (!TryTime(Text("acceptedAfter"), out var after))
        {
            return (null, Invalid("acceptedAfter", Text("acceptedAfter")!, "an instant such as 2026-11-20T12:00:00Z"));
        }

        if (!TryTime(Text("acceptedBefore"), out var before))
        {
            return (null, Invalid("acceptedBefore", Text("acceptedBefore")!, "an instant such as 2026-11-20T12:00:00Z"));
        }

        InvocationCursor? cursor = null;
        if (Text("cursor") is { } cursorText && (cursor = InvocationCursor.Parse(cursorText)) is null)
        {
            return (null, Problem.Of(StatusCodes.Status400BadRequest, HttpCode.CursorInvalid, $"The cursor '{cursorText}' is not one that this API gave. Take 'next' of the page before, or leave it out for the first page."));
        }

        return (new InvocationFilter { Agent = Text("agent"), Tenant = Text("tenant"), State = state, Session = Text("session"), AcceptedAfter = after, AcceptedBefore = before, Limit = limit, Cursor = cursor }, null);
    }

    internal static Problem Invalid(string name, string value, string rule) =>
        Problem.Of(StatusCodes.Status400BadRequest, HttpCode.QueryInvalid, $"'{(value.Length > 80 ? value[..(char.IsHighSurrogate(value[79]) ? 79 : 80)] + "…" : value)}' is not taken for '{name}'. It must be {rule}.");

    private static bool TryTime(string? text, out DateTime? time)
    {
        time = null;
        if (text is null)
        {
            return true;
        }

        // A plus sign that was not escaped arrives as a blank.
        if (!DateTimeOffset.TryParse(text.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed) || parsed.UtcDateTime < DateTime.UnixEpoch)
        {
            return false;
        }

        time = parsed.UtcDateTime;
        return true;
    }
}
