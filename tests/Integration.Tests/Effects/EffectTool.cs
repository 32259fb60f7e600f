namespace Pipeline.Integration.Tests.Effects;

/// <summary>A tool of the matrix.</summary>
/// <param name="Name">Its name, and that of its queue behind <c>tool.</c>.</param>
/// <param name="Effects"><c>ReadOnly</c>, <c>Idempotent</c> or <c>OnceOnly</c>.</param>
/// <param name="IsHttp">True where it is a declared request, false where it is a class.</param>
public sealed record EffectTool(string Name, string Effects, bool IsHttp)
{
    public static IReadOnlyList<EffectTool> All { get; } =
    [
        new("code_read", "ReadOnly", false),
        new("code_idempotent", "Idempotent", false),
        new("code_once", "OnceOnly", false),
        new("http_read", "ReadOnly", true),
        new("http_idempotent", "Idempotent", true),
        new("http_once", "OnceOnly", true),
    ];
}
