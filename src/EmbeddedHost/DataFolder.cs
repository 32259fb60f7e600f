namespace Pipeline.EmbeddedHost;

/// <summary>The folder that outlives the process. One process at a time: two would each take the other's open invocations for lost.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    private DataFolder(FileStream fileLock) => _lock = fileLock;

    /// <summary>Opens the folder; null while another process has it.</summary>
    public static DataFolder? Open(EmbeddedSettings settings)
    {
        Directory.CreateDirectory(settings.Data);
        try
        {
            var folder = new DataFolder(new FileStream(Path.Combine(settings.Data, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            if (settings.Fresh)
            {
                foreach (var file in Directory.EnumerateFiles(settings.Data, "*.db*"))
                {
                    File.Delete(file);
                }
            }

            return folder;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose() => _lock.Dispose();
}
