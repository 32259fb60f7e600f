using System.Globalization;
using System.Text;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Manifests;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>Keeps a result within the limit: refused by name, or cut where the reader can see it.</summary>
internal static class ResultLimit
{
    public static ToolAnswer Apply(ToolManifest manifest, ToolAnswer answer, int maxBytes)
    {
        if (answer.Result is not { } result || Encoding.UTF8.GetByteCount(result) is var bytes && bytes <= maxBytes)
        {
            return answer;
        }

        if (!manifest.TruncateResult)
        {
            return ToolAnswer.Failed(
                FailureCode.ToolResultTooLarge,
                $"The result of '{manifest.Name}' has {bytes} bytes; the limit is {maxBytes}. Ask for less, e.g. a smaller page or a narrower filter.",
                TimeSpan.FromMilliseconds(answer.DurationMs));
        }

        var note = string.Create(CultureInfo.InvariantCulture, $"\n[truncated: the result has {bytes} bytes, only the beginning is shown. Ask for less to see the rest.]");
        return answer with { Result = Cut(result, maxBytes - Encoding.UTF8.GetByteCount(note)) + note, Truncated = true };
    }

    private static string Cut(string text, int maxBytes)
    {
        // Stops before the character that does not fit, so that no character is cut in two.
        Encoding.UTF8.GetEncoder().Convert(text, new byte[maxBytes], flush: false, out var chars, out _, out _);
        return text[..(chars > 0 && char.IsHighSurrogate(text[chars - 1]) ? chars - 1 : chars)];
    }
}
