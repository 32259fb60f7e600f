using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Pipeline.ServiceDefaults;

/// <summary>
/// Lets a process kill itself at a named crash point: <c>Crash:At</c> is the point's name, <c>saga.after_commit</c>, or
/// <c>saga.after_commit:3</c> for the third time it is reached; <c>Crash:Of</c> narrows it to one of those who pass there, a tool's name for the
/// points of the tool workers. For rehearsals; does nothing unless configured.
/// </summary>
internal sealed class CrashRehearsal : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    private const string ListenerName = "Pipeline.CrashPoints";

    private readonly string _point;
    private readonly string? _of;
    private int _left;

    private CrashRehearsal(string point, string? of, int times)
    {
        _point = point;
        _of = of;
        _left = times;
    }

    /// <exception cref="InvalidOperationException">A crash is configured but not allowed, or not readable.</exception>
    public static void Arm(IConfiguration configuration)
    {
        if (configuration["Crash:At"] is not { Length: > 0 } at)
        {
            return;
        }

        if (!configuration.GetValue<bool>("Crash:Allowed"))
        {
            throw new InvalidOperationException(
                $"Crash:At is '{at}': the process would kill itself at that point. This is for rehearsals only. Remove Crash__At, or set Crash__Allowed=true if you mean it.");
        }

        var parts = at.Split(':');
        var times = 1;
        if (parts.Length > 2 || parts[0].Length == 0 || (parts.Length == 2 && !(int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out times) && times > 0)))
        {
            throw new InvalidOperationException($"Crash:At is '{at}'. Give a crash point, e.g. 'saga.after_commit', or 'saga.after_commit:3' for the third time.");
        }

        DiagnosticListener.AllListeners.Subscribe(new CrashRehearsal(parts[0], configuration["Crash:Of"], times));
    }

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == ListenerName)
        {
            value.Subscribe(this, point => point == _point);
        }
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (_of is { Length: > 0 } && value.Value as string != _of)
        {
            return;
        }

        if (Interlocked.Decrement(ref _left) == 0)
        {
            Console.Error.WriteLine($"Crash:At '{_point}' is reached: this process kills itself.");
            // SIGKILL: no finally block, no flush, no good-bye to broker or database, as when a machine loses its power.
            using var self = Process.GetCurrentProcess();
            self.Kill();
            // The signal may be delivered a moment later; nothing of this thread may happen until then.
            using var never = new ManualResetEventSlim();
            never.Wait();
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}
