using System.Globalization;

namespace Pipeline.Cli.Submissions;

/// <summary>One line on standard error that is written over; nothing where that is no terminal.</summary>
internal sealed class ProgressLine(int total)
{
    private const int Width = 30;
    private readonly Lock _lock = new();
    private readonly bool _shown = !Console.IsErrorRedirected;
    private int _done;
    private int _bad;

    public void Add(bool bad)
    {
        lock (_lock)
        {
            _done++;
            _bad += bad ? 1 : 0;
            if (_shown)
            {
                var filled = Width * _done / Math.Max(1, total);
                Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r[{new string('#', filled)}{new string('.', Width - filled)}] {_done}/{total}{(_bad == 0 ? "" : $", {_bad} not well")}"));
            }
        }
    }

    public void End()
    {
        if (_shown)
        {
            Console.Error.WriteLine();
        }
    }
}
