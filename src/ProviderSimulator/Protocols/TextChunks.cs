namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>Cuts text for a stream, never between the two halves of one character.</summary>
internal static class TextChunks
{
    public static IEnumerable<string> Of(string text, int characters)
    {
        int at = 0;
        while (at < text.Length)
        {
            int end = Math.Min(text.Length, at + characters);
            if (end < text.Length && char.IsLowSurrogate(text[end]))
            {
                end++;
            }

            yield return text[at..end];
            at = end;
        }
    }
}
